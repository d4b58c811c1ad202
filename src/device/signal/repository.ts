/**
 * Our Signal repository, in place of Baileys' own (Signal/libsignal.js, on npm libsignal): the wasm's ciphers on our
 * keys, every call one unit of work in the device's lane (docs/decisions/0007). Stock, a send and a receive on the same
 * session overwrite each other (39 of 40 rounds broke the peer), and ciphertext leaves before its ratchet step is stored
 * (the tests in test/device repeat the experiments).
 *
 * What fails leaves no trace. A failure of the store stays what it is; only what a cipher refuses is `Undecryptable`.
 */
import {
  generateSignalPubKey,
  isHostedLidUser,
  isHostedPnUser,
  isLidUser,
  isPnUser,
  jidDecode,
  type SignalCreds,
  type SignalKeyStoreWithTransaction,
  type SocketConfig,
  transferDevice,
} from '@whiskeysockets/baileys';
import { LIDMappingStore } from '@whiskeysockets/baileys/lib/Signal/lid-mapping.js';
import { failpoint } from '../../lib/failpoint.ts';
import {
  inOrder,
  readFirstMessage,
  readSessions,
  type Session,
  sameSession,
  writeSessions,
} from '../../lib/session-record.ts';
import type { Inbox } from '../receiving/inbox.ts';
import { addressOf, formerHomeOf, homeOf, idOf } from './address.ts';
import { isRenewing } from './renewal.ts';
import type { Address } from './signal.ts';
import * as signal from './signal.ts';
import { Undecryptable } from './undecryptable.ts';

type MakeRepository = SocketConfig['makeSignalRepository'];
type Repository = ReturnType<MakeRepository>;

/**
 * What has been received. `took` is called within the unit that has decrypted a message: what it stages is in the ratchet
 * step's commit. `plaintextOf` is asked when a message does not decrypt, and before a first message that used no one-time
 * pre-key begins a session: only such can be played again.
 */
export type Received = Pick<Inbox, 'took' | 'plaintextOf'>;

export function makeRepository(keys: SignalKeyStoreWithTransaction, inbox?: Received): MakeRepository {
  return ({ creds }, logger, pnToLid) =>
    repositoryOf({ keys, inbox, creds, lidMapping: new LIDMappingStore(keys, logger, pnToLid) });
}

interface Parts {
  readonly keys: SignalKeyStoreWithTransaction;
  readonly inbox: Received | undefined;
  readonly creds: SignalCreds;
  readonly lidMapping: LIDMappingStore;
}

interface Found {
  readonly address: Address;
  readonly id: string;
  readonly record: Uint8Array | undefined;
}

/** The record has a session with the very device that these keys are of. */
function isGood(
  record: Uint8Array | undefined,
  { identityKey, registrationId }: Parameters<Repository['injectE2ESession']>[0]['session'],
): boolean {
  const current = record && readSessions(record).current;
  if (!current) return false;
  return (
    current.identity === Buffer.from(generateSignalPubKey(identityKey)).toString('hex') &&
    current.registrationId === registrationId
  );
}

function repositoryOf({ keys, inbox, creds, lidMapping }: Parts): Repository {
  /** One unit of work: all of it in one commit, or nothing. */
  const unit = <T>(work: () => Promise<T>) => keys.transaction(work, 'signal');

  /** Learns a peer's LID. That may ask WhatsApp, which must not happen inside the lane. */
  const meet = async (jid: string) => {
    if (isPnUser(jid) || isHostedPnUser(jid)) await lidMapping.getLIDForPN(jid);
  };
  const withPeer = async <T>(jid: string, work: () => Promise<T>) => {
    await meet(jid);
    return unit(work);
  };

  const read = async (id: string) => (await keys.get('session', [id]))[id];

  /** The session of a device; `former` is the row in which it still is, under its peer's phone number. */
  const find = async (jid: string): Promise<Found & { readonly former: string | undefined }> => {
    const address = await homeOf(keys, jid);
    const id = idOf(address);
    const record = await read(id);
    const other = record ? undefined : await formerHomeOf(keys, jid);
    const former = other && idOf(other);
    if (former === undefined || former === id) return { address, id, record, former: undefined };
    const left = await read(former);
    return { address, id, record: left, former: left && former };
  };

  /** Only within a unit: a session that is still under the phone number moves to the LID with whatever the unit does. */
  const claim = async (jid: string): Promise<Found> => {
    const { former, ...found } = await find(jid);
    if (former !== undefined && found.record)
      await keys.set({ session: { [found.id]: found.record, [former]: null } });
    return found;
  };

  const preKeyOf = async (id: number): Promise<signal.PreKey | undefined> => {
    const { [id]: pair } = await keys.get('pre-key', [`${id}`]);
    return pair && { id, pair };
  };

  const saveIdentity = async (id: string, identityKey: Uint8Array) => {
    const { [id]: known } = await keys.get('identity-key', [id]);
    if (known && Buffer.compare(known, identityKey) === 0) return;
    await keys.set({ 'identity-key': { [id]: Buffer.from(identityKey) } });
  };

  const decrypt = async (jid: string, type: 'pkmsg' | 'msg', ciphertext: Uint8Array) => {
    const { address, id, record } = await claim(jid);
    const first = type === 'pkmsg' ? readFirstMessage(ciphertext) : undefined;
    let preKey: signal.PreKey | undefined;
    if (first && !knows(record, first.baseKey)) {
      // What its one-time pre-key does not protect could begin an old session anew, over a newer one.
      const before = first.preKeyId === undefined ? await inbox?.plaintextOf(ciphertext) : undefined;
      if (before) return before;
      if (first.preKeyId !== undefined) preKey = await preKeyOf(first.preKeyId);
    }
    const done = await signal.decrypt(creds, record, { from: address, type, ciphertext, preKey });
    await keys.set({
      session: { [id]: done.record },
      ...(done.usedPreKey !== undefined && { 'pre-key': { [done.usedPreKey]: null } }),
    });
    if (done.began && first) await saveIdentity(id, first.identityKey);
    inbox?.took(ciphertext, done.plaintext);
    return done.plaintext;
  };

  /** A message that comes again is answered with what it said the first time. */
  const orFromInbox = async (ciphertext: Uint8Array, decrypted: Promise<Uint8Array>) => {
    try {
      return await decrypted;
    } catch (error) {
      if (!(error instanceof Undecryptable)) throw error;
      const before = await inbox?.plaintextOf(ciphertext);
      if (before) return before;
      throw error;
    }
  };

  /** One unit over one sender key: what the work gives as `record` is stored, if it has changed. */
  const withSenderKey = <T extends { readonly record: Uint8Array }>(
    group: string,
    jid: string,
    work: (record: Uint8Array | undefined, address: Address) => Promise<T>,
  ) =>
    unit(async () => {
      const address = addressOf(jid);
      const id = signal.senderKeyId(group, address);
      const { [id]: before } = await keys.get('sender-key', [id]);
      const done = await work(before, address);
      if (!before || Buffer.compare(before, done.record) !== 0)
        await keys.set({ 'sender-key': { [id]: done.record } });
      return done;
    });

  return {
    lidMapping,
    close: () => lidMapping.close(),
    jidToSignalProtocolAddress: jid => idOf(addressOf(jid)),

    decryptMessage: ({ jid, type, ciphertext }) =>
      orFromInbox(
        ciphertext,
        withPeer(jid, () => decrypt(jid, type, ciphertext)),
      ),

    async encryptMessage({ jid, data }) {
      const sealed = await withPeer(jid, async () => {
        const { address, id, record } = await claim(jid);
        const { type, ciphertext, record: next } = await signal.encrypt(creds, address, record, data);
        await keys.set({ session: { [id]: next } });
        return { type, ciphertext };
      });
      await failpoint('send.after_commit');
      return sealed;
    },

    injectE2ESession: ({ jid, session }) =>
      withPeer(jid, async () => {
        const { address, id, record } = await claim(jid);
        if (!isRenewing() && isGood(record, session)) return;
        await keys.set({ session: { [id]: await signal.startSession(creds, address, record, session) } });
      }),

    decryptGroupMessage: ({ group, authorJid, msg }) =>
      orFromInbox(
        msg,
        withSenderKey(group, authorJid, async (record, address) => {
          const done = await signal.decryptGroup(creds, group, address, record, msg);
          inbox?.took(msg, done.plaintext);
          return done;
        }).then(({ plaintext }) => plaintext),
      ),

    async encryptGroupMessage({ group, meId, data }) {
      const { ciphertext, message } = await withSenderKey(group, meId, async (before, self) => {
        // Who gets the key with this message must be able to read it: the key as it stands before.
        const { message, record } = await signal.distribution(creds, group, self, before);
        return { message, ...(await signal.encryptGroup(creds, group, self, record, data)) };
      });
      await failpoint('send.after_commit');
      return { ciphertext, senderKeyDistributionMessage: message };
    },

    async getSenderKeyDistributionMessage({ group, meId }) {
      const { message } = await withSenderKey(group, meId, (before, self) =>
        signal.distribution(creds, group, self, before),
      );
      return message;
    },

    async processSenderKeyDistributionMessage({ item, authorJid }) {
      const { groupId, axolotlSenderKeyDistributionMessage: given } = item;
      if (!groupId || !given) throw new Error('a sender key without its group or without a key');
      await withSenderKey(groupId, authorJid, async (before, from) => ({
        record: await signal.takeSenderKey(creds, groupId, from, before, given),
      }));
    },

    async hasSenderKey({ group, meId }) {
      const id = signal.senderKeyId(group, addressOf(meId));
      return (await keys.get('sender-key', [id]))[id] !== undefined;
    },

    async getSessionInfo(jid) {
      await meet(jid);
      const { record } = await find(jid);
      const current = record && readSessions(record).current;
      if (!current || current.registrationId === 0) return null;
      const { baseKey, registrationId } = current;
      return { baseKey: new Uint8Array(baseKey), registrationId };
    },

    async validateSession(jid) {
      await meet(jid);
      const { record } = await find(jid);
      if (!record) return { exists: false, reason: 'no session' };
      return readSessions(record).current ? { exists: true } : { exists: false, reason: 'no open session' };
    },

    async deleteSession(jids) {
      if (jids.length === 0) return;
      await unit(async () => {
        const homes = await Promise.all(jids.flatMap(jid => [homeOf(keys, jid), formerHomeOf(keys, jid)]));
        const gone = homes.filter(home => home !== undefined).map(home => [idOf(home), null]);
        await keys.set({ session: Object.fromEntries(gone) });
      });
    },

    async migrateSession(fromJid, toJid) {
      const byNumber = isPnUser(fromJid) || isHostedPnUser(fromJid);
      const toLid = isLidUser(toJid) || isHostedLidUser(toJid);
      const from = jidDecode(fromJid);
      if (!from || !toLid) return { migrated: 0, skipped: 0, total: 0 };
      if (!byNumber) return { migrated: 0, skipped: 0, total: 1 };
      const { user, device = 0 } = from;
      const { [user]: devices = [] } = await keys.get('device-list', [user]);
      const moves = [...new Set([...devices, `${device}`])].map(no => {
        const server = no === '99' ? 'hosted' : 's.whatsapp.net';
        const jid = no === '0' ? `${user}@${server}` : `${user}:${no}@${server}`;
        return { from: idOf(addressOf(jid)), to: idOf(addressOf(transferDevice(jid, toJid))) };
      });
      // Called for each message from a LID: there is hardly ever anything left to move.
      const left = await keys.get(
        'session',
        moves.map(({ from }) => from),
      );
      if (Object.keys(left).length === 0) return { migrated: 0, skipped: 0, total: 0 };
      return unit(() => move(keys, moves));
    },
  };
}

const knows = (record: Uint8Array | undefined, baseKey: Uint8Array): boolean =>
  record !== undefined &&
  inOrder(readSessions(record)).some(session => Buffer.compare(session.baseKey, baseKey) === 0);

/**
 * Moves sessions to other ids. Where there already is one it stays the one that is written with: it is the newer, since
 * nobody writes under a phone number once the LID is known. The moved one is still understood.
 */
async function move(keys: SignalKeyStoreWithTransaction, moves: readonly { from: string; to: string }[]) {
  const ids = moves.flatMap(({ from, to }) => [from, to]);
  const records = await keys.get('session', ids);
  let migrated = 0;
  let total = 0;
  for (const { from, to } of moves) {
    const moved = records[from];
    if (!moved) continue;
    total++;
    const sessions = readSessions(moved);
    if (!sessions.current) continue;
    migrated++;
    const there = records[to];
    await keys.set({ session: { [to]: there ? join(there, inOrder(sessions)) : moved, [from]: null } });
  }
  return { migrated, skipped: total - migrated, total };
}

function join(record: Uint8Array, more: readonly Session[]): Uint8Array {
  const known = inOrder(readSessions(record));
  const others = more.filter(session => !known.some(other => sameSession(session, other)));
  const [current, ...previous] = [...known, ...others];
  return writeSessions({ current, previous });
}
