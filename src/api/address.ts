// Who calls, as an address: for limits and the audit log.
import { BlockList, isIP } from 'node:net';

/** What a proxy in front of us says of the caller is believed; what anybody else says is not. */
export function callerAddress(
  trustedProxies: readonly string[],
): (remote: string | undefined, forwarded: string | undefined) => string {
  if (trustedProxies.length === 0) return remote => plain(remote ?? '') || 'unknown';
  const trusted = new BlockList();
  for (const entry of trustedProxies) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (remote, forwarded = '') => {
    let address = plain(remote ?? '');
    const hops = forwarded.split(',').map(hop => plain(hop.trim()));
    // The last hop that is no proxy of ours: what stands before it may have been written by the caller.
    while (isIP(address) > 0 && isTrusted(address)) {
      const hop = hops.pop();
      if (hop === undefined || isIP(hop) === 0) break;
      address = hop;
    }
    return address === '' ? 'unknown' : address;
  };
}

/** What of an address belongs to one caller: of IPv6 everybody has a whole /64. */
export function neighbourhood(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const all = [...left, ...Array(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return all.slice(0, 4).join(':');
}

/** ::ffff:127.0.0.1 is what a socket for both families calls 127.0.0.1. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
