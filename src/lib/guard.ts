/**
 * Where a request may go whose address somebody else has written: to the public internet and nowhere else (SSRF). A name is
 * resolved once, every address of it is judged, and the connection is made to what was judged, so that a name that
 * resolves to something else a moment later (DNS rebinding) changes nothing. Redirects are for the caller to check anew.
 */
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Resolve } from './resolver.ts';

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

export interface GuardOptions {
  /**
   * For what strangers may write and we ask again and again: https alone, ports that are no known service of another kind,
   * names that are no inner ones. What the operator allows by host or address is free of that.
   */
  readonly strict?: boolean;
  /** Whether this machine itself is allowed, asked each time: it is while nobody but its user can call. */
  readonly loopback?: () => boolean;
  readonly resolve?: Resolve;
}

const systemResolve: Resolve = name => lookup(name, { all: true });

const LOW_PORTS: ReadonlySet<string> = new Set(['', '80', '443']);
/** Databases, caches, brokers, container engines and their kin: their ports above 1023, which no webhook has. */
const SERVICE_PORTS: ReadonlySet<number> = new Set([
  ...[1433, 1434, 1521, 1723, 1883, 2049, 2181, 2375, 2376, 2379, 2380, 2483, 2484, 3128, 3260, 3306, 3389],
  ...[4369, 5060, 5222, 5432, 5433, 5601, 5672, 5900, 5984, 5985, 5986, 6000, 6379, 6380, 6443, 6660, 6667],
  ...[7199, 7474, 7687, 8086, 8125, 8300, 8500, 8600, 8883, 9042, 9092, 9100, 9160, 9200, 9300, 9418],
  ...[10250, 10255, 11211, 15672, 16379, 26379, 27017, 27018, 27019, 28015, 28017, 33060, 50070, 61616],
]);
/** Names that are not of the internet. */
const INNER_NAMES = ['local', 'internal', 'localhost', 'home.arpa', 'onion', 'lan', 'intranet'];

export class Guard {
  readonly #names: ReadonlySet<string>;
  readonly #ranges: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];
  readonly #strict: boolean;
  readonly #loopback: () => boolean;
  readonly #resolve: Resolve;

  constructor(allowed: Allowed = [], { strict = false, loopback, resolve }: GuardOptions = {}) {
    const isRange = (entry: string) => isIP(entry.split('/')[0] ?? '') > 0;
    this.#names = new Set(allowed.filter(entry => !isRange(entry)).map(entry => entry.toLowerCase()));
    this.#ranges = allowed.filter(isRange).map(rangeOf);
    this.#strict = strict;
    this.#loopback = loopback ?? (() => false);
    this.#resolve = resolve ?? systemResolve;
  }

  /** The URL, if a request may go there as far as it alone tells. Fails with Forbidden. */
  check(written: string): URL {
    if (!URL.canParse(written)) throw new Forbidden('it is no URL');
    const url = new URL(written);
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new Forbidden('only http and https are fetched');
    if (url.username !== '' || url.password !== '') throw new Forbidden('it has a user or a password in it');
    const host = hostOf(url);
    const address = isIP(host) > 0;
    if (this.#strict && !(address ? this.#allows(host) : this.#frees(host))) assertUsual(url, host, address);
    // Names are judged by `lookup`, which is not asked for what is an address already.
    if (address && !this.admits(host)) throw new Forbidden('it leads to an address that is not public');
    return url;
  }

  /** Whether a connection may be made to this address. */
  admits(address: string): boolean {
    return this.#allows(address) || isPublic(address);
  }

  /** For `net.connect`: resolves a name, and refuses it when any of its addresses may not be asked. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    const free = this.#frees(hostname);
    this.#find(hostname, free, options, callback, address => free || this.admits(address));
  };

  /** The same for the operator's own words, which are not judged. */
  readonly anywhere: LookupFunction = (hostname, options, callback) =>
    this.#find(hostname, true, options, callback, () => true);

  /** Whether the answers of a host are anybody's to read: they are not where it is allowed and no public one. */
  async isOpen({ hostname }: URL): Promise<boolean> {
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    if (this.#loopback()) return true;
    if (isIP(host) > 0) return isPublic(host);
    const addresses = await this.#resolve(withoutDot(host), this.#frees(host));
    return addresses.every(({ address }) => isPublic(address));
  }

  #find(
    hostname: string,
    own: boolean,
    { all, family }: Parameters<LookupFunction>[1],
    callback: Parameters<LookupFunction>[2],
    admitted: (address: string) => boolean,
  ): void {
    const judged = async () => {
      const addresses = await this.#resolve(withoutDot(hostname), own);
      if (!addresses.every(({ address }) => admitted(address)))
        throw new Forbidden('it leads to an address that is not public');
      return family === 4 || family === 6 ? addresses.filter(each => each.family === family) : addresses;
    };
    judged().then(
      ([...found]) => {
        if (all) callback(null, found);
        else callback(null, found[0]?.address ?? '', found[0]?.family ?? 0);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  }

  /** By the operator's list, or because it is this machine. */
  #allows(address: string): boolean {
    const parsed = ipaddr.parse(address);
    if (this.#ranges.some(range => contains(range, parsed))) return true;
    return parsed.range() === 'loopback' && this.#loopback();
  }

  #frees(hostname: string): boolean {
    const name = withoutDot(hostname.toLowerCase());
    return this.#names.has(name) || (name === 'localhost' && this.#loopback());
  }
}

/** Whether the address is one of the public internet, as everybody has it. */
export function isPublic(address: string): boolean {
  const parsed = ipaddr.parse(address);
  // Everything else (private, loopback, link-local, mapped and translated addresses, …) has another name there.
  if (parsed.range() !== 'unicast' || contains(METADATA, parsed)) return false;
  return parsed.kind() === 'ipv4' || contains(PUBLIC_IPV6, parsed);
}

function assertUsual(url: URL, host: string, address: boolean): void {
  if (url.protocol !== 'https:') throw new Forbidden('it is not https');
  const { port } = url;
  if (!LOW_PORTS.has(port) && (Number(port) < 1024 || SERVICE_PORTS.has(Number(port))))
    throw new Forbidden('its port is not one for webhooks');
  if (address) return;
  const name = withoutDot(host.toLowerCase());
  const inner = INNER_NAMES.some(each => name === each || name.endsWith(`.${each}`));
  if (inner || !name.includes('.')) throw new Forbidden('its name is not one of the internet');
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

const withoutDot = (name: string): string => (name.endsWith('.') ? name.slice(0, -1) : name);

const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1');

function rangeOf(entry: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (entry.includes('/')) return ipaddr.parseCIDR(entry);
  const address = ipaddr.parse(entry);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function contains(range: [ipaddr.IPv4 | ipaddr.IPv6, number], address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return range[0].kind() === address.kind() && address.match(range);
}
