/**
 * Names to addresses for requests whose addresses others write. `dns.lookup` asks on the few threads that files and
 * cryptography share: four names that nobody answers for would hold all of them up. This one asks the name servers itself,
 * gives up after 3 s, and remembers for a moment what it heard.
 */

import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';

export type Resolve = (name: string, own: boolean) => Promise<readonly LookupAddress[]>;

export interface ResolverOptions {
  /** Name servers, `address:port`; those of the system unless given. */
  readonly servers?: readonly string[];
  readonly withinMs?: number;
  /** Milliseconds, of a clock that is never set back. */
  readonly now?: () => number;
}

const WITHIN_MS = 3_000;
const FOUND_MS = 30_000;
const LOST_MS = 5_000;
const REMEMBERED = 1_000;
const HOSTS = '/etc/hosts';

interface Known {
  readonly until: number;
  readonly addresses: readonly LookupAddress[] | undefined;
  readonly error: Error | undefined;
}

/**
 * Makes the resolver. A name of the operator's (`own`) may also be one of this machine: of /etc/hosts, before the name
 * servers are asked, or one that only the system knows how to complete (search domains), when they say that there is none.
 * Fails with an Error whose `code` is ENOTFOUND, ETIMEOUT or another of the resolver's.
 */
export function nameResolver({
  servers,
  withinMs = WITHIN_MS,
  now = () => performance.now(),
}: ResolverOptions = {}): Resolve {
  const resolver = new Resolver({ timeout: withinMs, tries: 1 });
  if (servers) resolver.setServers(servers);
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<readonly LookupAddress[]>>();

  async function ask(name: string, own: boolean): Promise<readonly LookupAddress[]> {
    const here = own ? await ofHosts(name) : [];
    if (here.length > 0) return here;
    try {
      return await within(withinMs, askServers(resolver, name));
    } catch (error) {
      // After a time-out too it would be asked by one of the threads.
      if (!own || codeOf(error) === 'ETIMEOUT') throw error;
      return await lookup(name, { all: true });
    }
  }

  function remember(entry: string, known_: Omit<Known, 'until'>): void {
    const [oldest] = known.keys();
    if (known.size >= REMEMBERED && oldest !== undefined) known.delete(oldest);
    known.delete(entry);
    known.set(entry, { ...known_, until: now() + (known_.error ? LOST_MS : FOUND_MS) });
  }

  return async (written, own) => {
    const name = written.toLowerCase();
    const entry = `${own} ${name}`;
    const before = known.get(entry);
    if (before && before.until > now()) {
      if (before.error) throw before.error;
      return before.addresses ?? [];
    }
    let answer = asking.get(entry);
    if (!answer) {
      answer = ask(name, own).finally(() => asking.delete(entry));
      asking.set(entry, answer);
    }
    try {
      const addresses = await answer;
      remember(entry, { addresses, error: undefined });
      return addresses;
    } catch (error) {
      const failed =
        error instanceof Error ? error : new Error('a name could not be resolved', { cause: error });
      remember(entry, { addresses: undefined, error: failed });
      throw failed;
    }
  };
}

/** Addresses of both families; that there are none of one is no failure. */
async function askServers(resolver: Resolver, name: string): Promise<LookupAddress[]> {
  const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const found = [
    ...(four.status === 'fulfilled' ? four.value.map(address => ({ address, family: 4 })) : []),
    ...(six.status === 'fulfilled' ? six.value.map(address => ({ address, family: 6 })) : []),
  ];
  if (found.length > 0) return found;
  if (four.status === 'rejected') throw four.reason;
  throw Object.assign(new Error('the name has no address'), { code: 'ENOTFOUND' });
}

/** The lines of /etc/hosts that are for the name. */
async function ofHosts(name: string): Promise<LookupAddress[]> {
  const text = await readFile(HOSTS, 'utf8').catch(() => ''); // a system without it has no such names
  return text
    .split('\n')
    .map(line => line.replace(/#.*/, '').trim().split(/\s+/))
    .filter(([, ...names]) => names.some(each => each.toLowerCase() === name))
    .map(([address = '']) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error('the name servers do not answer'), { code: 'ETIMEOUT' })),
      ms,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;
