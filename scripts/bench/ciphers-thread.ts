// One way to encrypt, in a thread of its own: measures each operation and tells the figures. Baileys copies what it uses
// when it is loaded, so stock and ours cannot share a thread.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import type {
  AuthenticationCreds,
  SignalKeyStoreWithTransaction,
  SocketConfig,
} from '@whiskeysockets/baileys';
import type { CipherFigures, Variant } from './ciphers.ts';

const { variant, scale } = workerData as { variant: Variant; scale: number };
// The shims before Baileys, as in a shard.
if (variant !== 'stock') await import('../../src/device/shims.ts');
const { Curve, DEFAULT_CONNECTION_CONFIG, generateSignalPubKey, initAuthCreds } = await import(
  '@whiskeysockets/baileys'
);
const make =
  variant === 'wasm'
    ? (await import('../../src/device/signal/repository.ts')).makeRepository
    : () => DEFAULT_CONNECTION_CONFIG.makeSignalRepository;
// It loads Baileys too.
const { prunedSenderKey, prunedSession } = await import('./pruned.ts');
const { pino } = await import('pino');
const quiet = pino({ level: 'silent' });

type Repository = ReturnType<SocketConfig['makeSignalRepository']>;

interface Party {
  readonly jid: string;
  readonly creds: AuthenticationCreds;
  readonly rows: Map<string, unknown>;
  readonly keys: SignalKeyStoreWithTransaction;
  readonly repository: Repository;
}

/** What a value becomes on its way to the store; a row is made of it at each write. */
function keep(kind: string, value: unknown): unknown {
  if (variant === 'wasm') return value;
  const pruned =
    variant === 'stock'
      ? value
      : kind === 'session'
        ? prunedSession(value)
        : kind === 'sender-key'
          ? prunedSenderKey(value)
          : value;
  if (kind === 'session') bytes += Buffer.from(JSON.stringify(pruned)).length;
  return pruned;
}
let bytes = 0;

const sizeOf = (value: unknown) =>
  value instanceof Uint8Array ? value.length : Buffer.byteLength(JSON.stringify(value));

function party(jid: string): Party {
  const rows = new Map<string, unknown>();
  const creds = initAuthCreds();
  const keys = {
    isInTransaction: () => false,
    transaction: (work: () => Promise<unknown>) => work(),
    get: async (kind: string, ids: string[]) =>
      Object.fromEntries(ids.map(id => [id, rows.get(`${kind}/${id}`)]).filter(([, value]) => value)),
    set: async (data: Record<string, Record<string, unknown>>) => {
      for (const [kind, entries] of Object.entries(data))
        for (const [id, value] of Object.entries(entries))
          if (value === null) rows.delete(`${kind}/${id}`);
          else rows.set(`${kind}/${id}`, keep(kind, value));
    },
  } as unknown as SignalKeyStoreWithTransaction;
  return {
    jid,
    creds,
    rows,
    keys,
    repository: make(keys as never)({ creds, keys }, quiet, async () => undefined),
  };
}

async function introduce(from: Party, to: Party): Promise<void> {
  const { creds } = to;
  const keyId = creds.nextPreKeyId++;
  const pair = Curve.generateKeyPair();
  await to.keys.set({ 'pre-key': { [keyId]: pair } });
  await from.repository.injectE2ESession({
    jid: to.jid,
    session: {
      registrationId: creds.registrationId,
      identityKey: generateSignalPubKey(creds.signedIdentityKey.public),
      signedPreKey: {
        keyId: creds.signedPreKey.keyId,
        publicKey: generateSignalPubKey(creds.signedPreKey.keyPair.public),
        signature: creds.signedPreKey.signature,
      },
      preKey: { keyId, publicKey: generateSignalPubKey(pair.public) },
    },
  });
}

type Ciphertext = Awaited<ReturnType<Repository['encryptMessage']>>;
const text = Buffer.alloc(120, 'a text of usual length ');
const say = (from: Party, to: Party) => from.repository.encryptMessage({ jid: to.jid, data: text });
const hear = (to: Party, from: Party, { type, ciphertext }: Ciphertext) =>
  to.repository.decryptMessage({ jid: from.jid, type, ciphertext });

async function pair(): Promise<[Party, Party]> {
  const [a, b] = [party('111:1@lid'), party('222:2@lid')];
  await introduce(a, b);
  await hear(b, a, await say(a, b));
  await hear(a, b, await say(b, a));
  return [a, b];
}

/** Microseconds of CPU per call. Threads run one at a time, so the process's clock is ours. */
async function timed(count: number, work: (i: number) => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) await work(i);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

const figures: Record<string, number> = {};
const group = '123456@g.us';
const n = (count: number) => Math.max(20, Math.round(count * scale));

async function sameChain(): Promise<void> {
  const [a, b] = await pair();
  const said: Ciphertext[] = [];
  figures['encrypt, same chain'] = await timed(n(4_000), async () => said.push(await say(a, b)));
  figures['decrypt, same chain'] = await timed(said.length, i => hear(b, a, said[i] as Ciphertext));
}

async function turns(): Promise<void> {
  const [a, b] = await pair();
  figures['turn: a text each way'] = await timed(n(400), async () => {
    await hear(b, a, await say(a, b));
    await hear(a, b, await say(b, a));
  });
}

async function firsts(): Promise<void> {
  const bob = party('222:2@lid');
  const people = Array.from({ length: n(150) }, (_, i) => party(`${1000 + i}:1@lid`));
  const said: Ciphertext[] = [];
  figures['begin a session and encrypt'] = await timed(people.length, async i => {
    const from = people[i] as Party;
    await introduce(from, bob);
    said.push(await say(from, bob));
  });
  figures['decrypt a first message'] = await timed(people.length, i =>
    hear(bob, people[i] as Party, said[i] as Ciphertext),
  );
}

async function groups(): Promise<void> {
  const [a, b] = [party('111:1@lid'), party('222:2@lid')];
  const key = await a.repository.getSenderKeyDistributionMessage({ group, meId: a.jid });
  const item = { groupId: group, axolotlSenderKeyDistributionMessage: Buffer.from(key) };
  await b.repository.processSenderKeyDistributionMessage({ item, authorJid: a.jid });
  const said: Uint8Array[] = [];
  const speak = async () =>
    said.push((await a.repository.encryptGroupMessage({ group, meId: a.jid, data: text })).ciphertext);
  figures['encrypt for a group'] = await timed(n(200), speak);
  figures['decrypt of a group'] = await timed(said.length, i =>
    b.repository.decryptGroupMessage({ group, authorJid: a.jid, msg: said[i] as Uint8Array }),
  );
}

async function sizes(): Promise<void> {
  const [a, b] = await pair();
  let done = 0;
  for (const at of [1, 100, 1_000]) {
    for (; done < at; done++) {
      await hear(b, a, await say(a, b));
      await hear(a, b, await say(b, a));
    }
    figures[`session after ${at} turns`] = sizeOf(a.rows.get('session/222_1.2'));
  }
  const self = party('111:1@lid');
  let sent = 0;
  for (const at of [1, 100, 1_000]) {
    for (; sent < at; sent++)
      await self.repository.encryptGroupMessage({ group, meId: self.jid, data: text });
    figures[`own sender key after ${at} texts`] = sizeOf(self.rows.get(`sender-key/${group}::111_1::1`));
  }
}

/** Bytes of heap and buffers that a session takes in memory, 30 turns old. */
async function memory(): Promise<void> {
  const [a, b] = await pair();
  for (let i = 0; i < 30; i++) {
    await hear(b, a, await say(a, b));
    await hear(a, b, await say(b, a));
  }
  const record = a.rows.get('session/222_1.2');
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const used = () => {
    gc();
    gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  const held = Array.from({ length: 5_000 }, () =>
    record instanceof Uint8Array ? Uint8Array.from(record) : structuredClone(record),
  );
  figures['memory per session'] = (used() - before) / held.length;
}

// Until the code is compiled.
await sameChain();
await turns();
await groups();
for (const measure of [sameChain, turns, firsts, groups, sizes, memory]) await measure();
parentPort?.postMessage({ variant, figures, bytes } satisfies {
  variant: Variant;
  figures: CipherFigures;
  bytes: number;
});
