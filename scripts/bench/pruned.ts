// How records of npm libsignal were kept small before the wasm's ciphers (docs/decisions/0007): what the wasm is measured
// against, since unpruned they grow without bound.
import { BufferJSON } from '@whiskeysockets/baileys';

const CHAINS_KEPT = 5;
const CLOSED_KEPT = 3;
const RECEIVING = 2;

interface Session {
  readonly indexInfo: { readonly closed: number };
  readonly _chains: Record<
    string,
    { chainKey: { key?: string }; chainType: number; messageKeys: Record<string, string> }
  >;
}

/** libsignal's SessionRecord as `serialize()` makes it (libsignal/src/session_record.js). */
interface SessionRecord {
  readonly _sessions: Record<string, Session>;
}

export function prunedSession(value: unknown): unknown {
  const record = value as SessionRecord;
  const entries = Object.entries(record._sessions);
  const open = entries.filter(([, session]) => session.indexInfo.closed === -1);
  const closed = entries
    .filter(([, session]) => session.indexInfo.closed !== -1)
    .sort(([, a], [, b]) => b.indexInfo.closed - a.indexInfo.closed)
    .slice(0, CLOSED_KEPT);
  for (const [, session] of [...open, ...closed]) {
    const receiving = Object.entries(session._chains).filter(([, chain]) => chain.chainType === RECEIVING);
    const dead = receiving.filter(
      ([, chain]) => !chain.chainKey.key && Object.keys(chain.messageKeys).length === 0,
    );
    for (const [id] of [...dead, ...receiving.slice(0, -CHAINS_KEPT)]) delete session._chains[id];
  }
  return { ...record, _sessions: Object.fromEntries([...open, ...closed]) };
}

/** Bytes in JSON, as base64 or as a list of numbers. */
const revive = (_name: string, value: { type?: unknown; data?: string } | null) =>
  value?.type === 'Buffer' ? Buffer.from(value.data ?? '', 'base64') : value;

interface SenderKeyState {
  readonly senderSigningKey?: { readonly private?: Buffer };
  senderMessageKeys?: unknown[];
}

export function prunedSenderKey(value: unknown): Buffer {
  const states = JSON.parse(Buffer.from(value as Uint8Array).toString('utf8'), revive) as SenderKeyState[];
  for (const state of states) if (state.senderSigningKey?.private?.length) state.senderMessageKeys = [];
  return Buffer.from(JSON.stringify(states, BufferJSON.replacer));
}
