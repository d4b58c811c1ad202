/**
 * The caches that Baileys would make once per socket, unbounded and with a timer each, made once per shard and bounded.
 * Baileys' keys carry no account: shared without a prefix, one account's device list would answer for another's.
 */
import type { CacheStore, proto } from '@whiskeysockets/baileys';
import { LRUCache } from 'lru-cache';
import type { Secret } from '../translate/secrets.ts';

const minute = 60_000;

/** A sent message that a peer could not decrypt is asked for again, mostly within seconds. */
const SENT_KEPT = 4_000;
/** Some hundred bytes each. Nearly every message has a secret, and few are ever answered by it. */
const SECRETS_KEPT = 10_000;
const NUMBERS_KEPT = 20_000;

export interface Caches {
  readonly userDevices: (deviceNo: number) => CacheStore;
  readonly messageRetries: (deviceNo: number) => CacheStore;
  readonly callOffers: (deviceNo: number) => CacheStore;
  /** What answers to messages that came or went lately are encrypted with. */
  readonly secrets: LRUCache<string, Secret>;
  /** The numbers of people whom a stanza has named in both ways, by LID. */
  readonly numbers: LRUCache<string, string>;
  /** Messages sent lately, for retry receipts; the store has them all. */
  readonly sent: LRUCache<string, proto.IMessage>;
  /** What people call themselves, as the store has it: told with every message of theirs. */
  readonly pushNames: LRUCache<string, string>;
  forget(deviceNo: number): void;
}

type Values = LRUCache<string, object | string | number | boolean>;

function view(values: Values, prefix: string): CacheStore {
  return {
    get: <T>(key: string) => values.get(prefix + key) as T | undefined,
    set: (key, value) => void values.set(prefix + key, value as object),
    del: key => void values.delete(prefix + key),
    flushAll: () => drop(values, prefix),
  };
}

function drop(values: { keys(): Iterable<string>; delete(key: string): boolean }, prefix: string): void {
  for (const key of values.keys()) if (key.startsWith(prefix)) values.delete(key);
}

export function makeCaches(): Caches {
  // Life times are Baileys' own (Defaults/index.ts, DEFAULT_CACHE_TTLS).
  const userDevices: Values = new LRUCache({ max: 20_000, ttl: 5 * minute });
  const messageRetries: Values = new LRUCache({ max: 5_000, ttl: 60 * minute });
  const callOffers: Values = new LRUCache({ max: 1_000, ttl: 5 * minute });
  const sent = new LRUCache<string, proto.IMessage>({ max: SENT_KEPT });
  const numbers = new LRUCache<string, string>({ max: NUMBERS_KEPT });
  const secrets = new LRUCache<string, Secret>({ max: SECRETS_KEPT });
  const pushNames = new LRUCache<string, string>({ max: 20_000 });
  const by = (values: Values) => (deviceNo: number) => view(values, `${deviceNo}/`);
  return {
    userDevices: by(userDevices),
    messageRetries: by(messageRetries),
    callOffers: by(callOffers),
    sent,
    secrets,
    numbers,
    pushNames,
    forget: deviceNo => {
      for (const values of [userDevices, messageRetries, callOffers]) drop(values, `${deviceNo}/`);
      for (const values of [sent, secrets, numbers, pushNames]) drop(values, `${deviceNo}/`);
    },
  };
}
