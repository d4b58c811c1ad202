/**
 * Where a request may go whose address somebody else has written: to the public internet and nowhere else (SSRF). A name is
 * resolved once, every address of it is judged, and the connection is made to what was judged, so that a name that
 * resolves to something else a moment later (DNS rebinding) changes nothing. Redirects are for the caller to check anew.
 */
import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The address is not one that may be asked. The sentence is for the caller: it has nothing of our network in it. */
export class Forbidden extends Error {
  override readonly name = 'Forbidden';
}

/** What the operator allows beside the public internet: host names, addresses, and networks (10.0.0.0/8). */
export type Allowed = readonly string[];

/** Public by its number, and not: Azure's host of machine metadata. */
const METADATA = ipaddr.parseCIDR('168.63.129.16/32');
/** All of IPv6 that is public (IANA, IPv6 address space). What is outside leads nowhere, or to IPv4 by another way (::/96, NAT64). */
const PUBLIC_IPV6 = ipaddr.parseCIDR('2000::/3');

export class Guard {
  readonly #names: ReadonlySet<string>;
  readonly #ranges: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];

  constructor(allowed: Allowed = []) {
    const isRange = (entry: string) => isIP(entry.split('/')[0] ?? '') > 0;
    this.#names = new Set(allowed.filter(entry => !isRange(entry)).map(entry => entry.toLowerCase()));
    this.#ranges = allowed.filter(isRange).map(rangeOf);
  }

  /** The URL, if a request may go there as far as it alone tells. Fails with Forbidden. */
  check(written: string): URL {
    if (!URL.canParse(written)) throw new Forbidden('it is no URL');
    const url = new URL(written);
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new Forbidden('only http and https are fetched');
    if (url.username !== '' || url.password !== '') throw new Forbidden('it has a user or a password in it');
    const host = hostOf(url);
    // Names are judged by `lookup`, which is not asked for what is an address already.
    if (isIP(host) > 0 && !this.admits(host))
      throw new Forbidden('it leads to an address that is not public');
    return url;
  }

  /** Whether a connection may be made to this address. */
  admits(address: string): boolean {
    const parsed = ipaddr.parse(address);
    if (this.#ranges.some(range => contains(range, parsed))) return true;
    // Everything else (private, loopback, link-local, mapped and translated addresses, …) has another name there.
    if (parsed.range() !== 'unicast' || contains(METADATA, parsed)) return false;
    return parsed.kind() === 'ipv4' || contains(PUBLIC_IPV6, parsed);
  }

  /** For `net.connect`: resolves a name, and refuses it when any of its addresses may not be asked. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '');
      const free = this.#names.has(hostname.toLowerCase());
      if (!free && !addresses.every(({ address }) => this.admits(address)))
        return callback(new Forbidden('it leads to an address that is not public'), '');
      const [first] = addresses;
      if (options.all) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family ?? 0);
    });
  };
}

/** Whether the text can be an entry of `Allowed`. */
export function isAllowable(entry: string): boolean {
  if (isIP(entry) > 0 || ipaddr.isValidCIDR(entry)) return true;
  return !entry.includes('/') && /^[a-z0-9]([a-z0-9.-]{0,252})$/i.test(entry) && !/^[0-9.]+$/.test(entry);
}

/** Whether an entry lets loopback addresses through. */
export function allowsLoopback(entry: string): boolean {
  if (entry.toLowerCase() === 'localhost' || entry.toLowerCase().endsWith('.localhost')) return true;
  const [first = ''] = entry.split('/');
  if (isIP(first) === 0) return false;
  const guard = new Guard([entry]);
  return ipaddr.parse(first).range() === 'loopback' || guard.admits('127.0.0.1') || guard.admits('::1');
}

const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1');

function rangeOf(entry: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (entry.includes('/')) return ipaddr.parseCIDR(entry);
  const address = ipaddr.parse(entry);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function contains(range: [ipaddr.IPv4 | ipaddr.IPv6, number], address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return range[0].kind() === address.kind() && address.match(range);
}
