// Our Signal repository on PostgreSQL: what it stores with what, and what it refuses.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { initAuthCreds, MISSING_KEYS_ERROR_TEXT } from '@whiskeysockets/baileys';
import type { Kind } from '../../src/device/signal/key-codec.ts';
import { makeRepository, type Received } from '../../src/device/signal/repository.ts';
import {
  reasonOf,
  Undecryptable,
  undecryptable as undecryptableOf,
} from '../../src/device/signal/undecryptable.ts';
import { readFirstMessage, readSessions } from '../../src/lib/session-record.ts';
import {
  acquaint,
  type Ciphertext,
  hear,
  introduce,
  makePeer,
  memoryKeys,
  type Peer,
  quiet,
  say,
} from './signal.ts';
import { type Account, deviceStore } from './store.ts';

const BOB = '2000:1@lid';
const BOBS = '2000_1.1';
const bobOf = (creds = initAuthCreds()) => makePeer(BOB, memoryKeys(), undefined, creds);

/** Alice on a database of her own. */
async function alone(t: TestContext) {
  const { sql, seat, open, stored } = await deviceStore(t);
  const at = await seat();
  const alice = open(at);
  return {
    sql,
    alice,
    /** Alice after a restart. */
    reopened: () => open(at, { creds: alice.creds }),
    stored: <K extends Kind>(kind: K, id: string) => stored(at, kind, id),
    /** All her rows, as text. */
    rows: async () => {
      const found = await sql<{ kind: number; id: string; value: Buffer }[]>`
        select kind, id, value from signal_key where device_no = ${at.no} order by kind, id`;
      return found.map(({ kind, id, value }) => `${kind}/${id} ${value.toString('hex')}`);
    },
  };
}

const undecryptable = (reason: string) => (error: unknown) => {
  assert.ok(error instanceof Undecryptable, String(error));
  assert.equal(error.reason, reason);
  assert.equal(reasonOf(error.message), reason, 'the reason can be read from what Baileys keeps of it');
  assert.ok(!/\d{4}/.test(error.message), 'no number of anybody in the sentence');
  return true;
};

/** The message with one bit turned, counted from its end. */
function bent({ type, ciphertext }: Ciphertext, fromEnd: number): Ciphertext {
  const bytes = Buffer.from(ciphertext);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - fromEnd) ^ 1, bytes.length - fromEnd);
  return { type, ciphertext: bytes };
}

test('what does not decrypt says why, and leaves no trace in memory or on disk', async t => {
  const { alice, rows } = await alone(t);
  const bob = bobOf();
  await introduce(bob, alice);
  const first = await say(bob, alice, 'first');
  const refused = async (from: Peer, message: Ciphertext, reason: string) => {
    const before = await rows();
    await assert.rejects(hear(alice, from, message), undecryptable(reason));
    assert.deepEqual(await rows(), before);
    assert.equal(alice.keys.failure, undefined);
  };
  // Behind the inner message and its MAC follow two numbers with their tags: the registration id and a 1.
  const behind = 3 + (bob.creds.registrationId < 128 ? 1 : bob.creds.registrationId < 16_384 ? 2 : 3);
  await refused(bob, bent(first, behind + 1), 'bad_mac');
  assert.equal(await hear(alice, bob, first), 'first', 'its pre-key was not used up by the forgery');
  await refused(bob, first, 'duplicate');

  await hear(bob, alice, await say(alice, bob, 'hello'));
  const second = await say(bob, alice, 'second');
  assert.equal(second.type, 'msg');
  await refused(bob, bent(second, 3), 'bad_mac');
  assert.equal(await hear(alice, bob, second), 'second');
  await refused(bob, second, 'duplicate');

  const eve = makePeer('4000:1@lid');
  await refused(eve, second, 'no_session');
  await introduce(eve, alice);
  const secret = await say(eve, alice, 'with a pre-key that is gone');
  await alice.keys.set({ 'pre-key': { [readFirstMessage(secret.ciphertext)?.preKeyId ?? '']: null } });
  await refused(eve, secret, 'unknown_prekey');
  await refused(eve, { type: 'pkmsg', ciphertext: Buffer.from('hello world') }, 'malformed');
  await refused(eve, { type: 'pkmsg', ciphertext: Buffer.alloc(0) }, 'malformed');
  await assert.rejects(say(alice, eve, 'hello'), undecryptable('no_session'));
});

test('what does not decrypt in a group says why, and leaves no trace', async t => {
  const { alice, rows } = await alone(t);
  const bob = bobOf();
  const group = '123456@g.us';
  const speak = async () => {
    const spoken = await bob.repository.encryptGroupMessage({ group, meId: BOB, data: Buffer.from('hi') });
    return { key: spoken.senderKeyDistributionMessage, msg: Buffer.from(spoken.ciphertext) };
  };
  const listen = (msg: Uint8Array) => alice.repository.decryptGroupMessage({ group, authorJid: BOB, msg });
  const refused = async (msg: Uint8Array, reason: string) => {
    const before = await rows();
    await assert.rejects(listen(msg), undecryptable(reason));
    assert.deepEqual(await rows(), before);
  };
  const one = await speak();
  await refused(one.msg, 'no_sender_key');
  const item = { groupId: group, axolotlSenderKeyDistributionMessage: one.key };
  await alice.repository.processSenderKeyDistributionMessage({ authorJid: BOB, item });
  await refused(bent({ type: 'msg', ciphertext: one.msg }, 1).ciphertext, 'bad_signature');
  assert.equal(Buffer.from(await listen(one.msg)).toString(), 'hi');
  await refused(one.msg, 'no_sender_key');
  await refused(Buffer.from('hi'), 'malformed');
});

test('a group message from before the key that we have is asked for again, and not taken for one that was read', async t => {
  const { alice } = await alone(t);
  const bob = bobOf();
  const group = '123456@g.us';
  const speak = () => bob.repository.encryptGroupMessage({ group, meId: BOB, data: Buffer.from('hi') });
  // The message that brought the first key was lost, and comes again with the key as it stands then.
  await speak();
  const between = await speak();
  const again = await speak();
  const item = { groupId: group, axolotlSenderKeyDistributionMessage: again.senderKeyDistributionMessage };
  await alice.repository.processSenderKeyDistributionMessage({ authorJid: BOB, item });
  const open = alice.repository.decryptGroupMessage({ group, authorJid: BOB, msg: between.ciphertext });
  await assert.rejects(open, undecryptable('no_sender_key'));
});

test('a group message that is too far ahead says so (the wasm allows 25,000)', () => {
  const said = 'invalid SenderKey message: message from too far into the future';
  assert.equal(undecryptableOf(said).reason, 'too_far_ahead');
});

test('a message that came before is acknowledged by Baileys and not asked for again', () => {
  assert.equal(new Undecryptable('duplicate').message, MISSING_KEYS_ERROR_TEXT);
});

test('with a first message its session, the used pre-key and the identity are one statement', async t => {
  const { alice, reopened, sql, stored, rows } = await alone(t);
  const bob = bobOf();
  await introduce(bob, alice);
  const before = await rows();
  const message = await say(bob, alice, 'first');
  await sql.unsafe(`
    create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'no' using errcode = '53100'; end $$;
    create trigger refused before insert on signal_key for each row
      when (new.kind = 10) execute function refuse()`);
  await assert.rejects(hear(alice, bob, message), { code: 'STORE_FULL' });
  assert.deepEqual(
    await rows(),
    before,
    'without the identity there is no session, and the pre-key is there',
  );
  await sql.unsafe('drop trigger refused on signal_key');
  assert.equal(await hear(reopened(), bob, message), 'first');
  assert.ok(await stored('session', BOBS));
  assert.equal((await stored('identity-key', BOBS))?.length, 33);
  assert.equal(await stored('pre-key', '1'), undefined);
});

/** Keeps what was taken, and what it was asked. */
function inbox() {
  const taken = new Map<string, Uint8Array>();
  const asked: string[] = [];
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const it: Received = {
    plaintextOf: async ciphertext => {
      asked.push(hex(ciphertext));
      const known = taken.get(hex(ciphertext));
      return known && Buffer.from(known);
    },
    took: (ciphertext, plaintext) => void taken.set(hex(ciphertext), plaintext),
  };
  return { it, taken, asked };
}

const withInbox = (account: Account, it: Received): Account => {
  const { creds, keys } = account;
  return { ...account, repository: makeRepository(keys, it)({ creds, keys }, quiet, async () => undefined) };
};

test('what was taken joins the commit of its ratchet step, and is given again when it comes again', async t => {
  const { alice: plain, rows, sql } = await alone(t);
  const { it, taken, asked } = inbox();
  const bob = bobOf();
  const group = '123456@g.us';
  const alice = withInbox(plain, {
    ...it,
    // As the inbox does: what is staged here is in the unit.
    took(ciphertext, plaintext) {
      assert.ok(plain.keys.isInTransaction());
      plain.keys.received({
        hash: Buffer.alloc(20, taken.size),
        stanza: null,
        plaintext: Buffer.from(plaintext),
      });
      it.took(ciphertext, plaintext);
    },
  });
  await introduce(bob, alice);
  const first = await say(bob, alice, 'first');
  assert.equal(await hear(alice, bob, first), 'first');
  assert.equal((await sql`select from inbox`).length, 1);
  await hear(bob, alice, await say(alice, bob, 'hello'));
  const second = await say(bob, alice, 'second');
  assert.equal(await hear(alice, bob, second), 'second');
  const { ciphertext, senderKeyDistributionMessage } = await bob.repository.encryptGroupMessage({
    group,
    meId: BOB,
    data: Buffer.from('third'),
  });
  const item = { groupId: group, axolotlSenderKeyDistributionMessage: senderKeyDistributionMessage };
  await alice.repository.processSenderKeyDistributionMessage({ authorJid: BOB, item });
  const third = { group, authorJid: BOB, msg: Buffer.from(ciphertext) };
  await alice.repository.decryptGroupMessage(third);
  assert.deepEqual([...taken.values()].map(String), ['first', 'second', 'third']);
  assert.equal(asked.length, 0, 'nobody asks for what decrypts');

  const before = await rows();
  assert.equal(await hear(alice, bob, first), 'first');
  assert.equal(await hear(alice, bob, second), 'second');
  assert.equal(String(await alice.repository.decryptGroupMessage(third)), 'third');
  assert.equal(asked.length, 3);
  assert.deepEqual(await rows(), before);
});

test('when the inbox cannot take it the message was not received: it can come again', async t => {
  const { alice: plain, rows } = await alone(t);
  const bob = bobOf();
  const { it } = inbox();
  let full = true;
  const alice = withInbox(plain, {
    ...it,
    took: () => {
      if (full) throw new Error('no room');
    },
  });
  await introduce(bob, alice);
  const before = await rows();
  const message = await say(bob, alice, 'first');
  await assert.rejects(hear(alice, bob, message), /no room/);
  assert.deepEqual(await rows(), before);
  full = false;
  assert.equal(await hear(alice, bob, message), 'first');
});

test('a first message without a one-time pre-key cannot be played again over a newer session', async t => {
  const { alice: plain, rows } = await alone(t);
  const { it } = inbox();
  const alice = withInbox(plain, it);
  const bob = bobOf();
  await introduce(bob, alice, { oneTime: false });
  const first = await say(bob, alice, 'first');
  assert.equal(readFirstMessage(first.ciphertext)?.preKeyId, undefined);
  assert.equal(await hear(alice, bob, first), 'first');
  // Baileys gives up the session, and there is a new one.
  await alice.repository.deleteSession([BOB]);
  await introduce(alice, bob);
  await hear(bob, alice, await say(alice, bob, 'anew'));
  await hear(alice, bob, await say(bob, alice, 'fine'));
  const before = await rows();
  assert.equal(await hear(alice, bob, first), 'first', 'as it was taken');
  assert.deepEqual(await rows(), before);
  assert.equal(await hear(bob, alice, await say(alice, bob, 'still here')), 'still here');
});

/** Another phone with the same number: other keys under the same address. */
async function reinstalled(account: Account) {
  const bob = bobOf();
  const late: Ciphertext[] = [];
  await introduce(bob, account);
  const first = await say(bob, account, 'from the old phone');
  await hear(account, bob, first);
  late.push(await say(bob, account, 'late from the old phone'));
  const again = bobOf();
  await introduce(again, account);
  assert.equal(await hear(account, again, await say(again, account, 'new phone')), 'new phone');
  return { bob: again, old: bob, first, late };
}

test('a person with a new phone gets a new session, and the new identity is stored', async t => {
  const { alice, stored } = await alone(t);
  const { bob, old } = await reinstalled(alice);
  const identity = Buffer.from(bob.creds.signedIdentityKey.public).toString('hex');
  assert.equal(Buffer.from((await stored('identity-key', BOBS))!).toString('hex'), `05${identity}`);
  assert.equal(readSessions((await stored('session', BOBS))!).current?.identity, `05${identity}`);
  const answer = await say(alice, bob, 'welcome');
  assert.equal(await hear(bob, alice, answer), 'welcome');
  await assert.rejects(hear(old, alice, answer));
});

test('a message from before a new phone, again or late, does not lead back to the old one', async t => {
  const { alice, reopened, stored } = await alone(t);
  const { bob, old, first, late } = await reinstalled(alice);
  const identity = await stored('identity-key', BOBS);
  await assert.rejects(hear(alice, old, first), undecryptable('duplicate'));
  assert.equal(await hear(alice, old, late[0]!), 'late from the old phone');
  assert.deepEqual(await stored('identity-key', BOBS), identity);
  for (const account of [alice, reopened()])
    assert.equal(await hear(bob, account, await say(account, bob, 'welcome')), 'welcome');
});

const PN = '15551234567:1@s.whatsapp.net';
const PNS = '15551234567.1';

for (const [how, learn] of [
  [
    'by Baileys, which moves it',
    async (alice: Account) => {
      await alice.keys.set({ 'device-list': { 15551234567: ['0', '1'] } });
      await alice.repository.lidMapping.storeLIDPNMappings([{ pn: PN, lid: BOB }]);
      const moved = await alice.repository.migrateSession(PN, BOB);
      assert.deepEqual(moved, { migrated: 1, skipped: 0, total: 1 });
      assert.deepEqual(await alice.repository.migrateSession(PN, BOB), { migrated: 0, skipped: 0, total: 0 });
    },
  ],
  [
    'by a look-up, which moves nothing',
    (alice: Account) => alice.repository.lidMapping.storeLIDPNMappings([{ pn: PN, lid: BOB }]),
  ],
] as const)
  for (const writer of ['alice', 'bob'] as const)
    for (const form of [PN, BOB])
      test(`a session under a phone number moves to the LID when that is learnt ${how} (${writer} writes, as ${form})`, async t => {
        const { alice, stored } = await alone(t);
        const bob = makePeer(PN, memoryKeys());
        await acquaint(alice, bob);
        assert.ok(await stored('session', PNS));
        await learn(alice);
        const peer = { ...bob, jid: form };
        assert.deepEqual(await alice.repository.validateSession(form), { exists: true });
        if (writer === 'alice') assert.equal(await hear(bob, alice, await say(alice, peer, 'hi')), 'hi');
        else assert.equal(await hear(alice, peer, await say(bob, alice, 'hi')), 'hi');
        assert.equal(await stored('session', PNS), undefined);
        assert.ok(await stored('session', BOBS));
      });

test('a session under a phone number does not replace the one that is under the LID already', async t => {
  const { alice, stored } = await alone(t);
  const old = makePeer(PN, memoryKeys());
  await acquaint(alice, old);
  const late = await say(old, alice, 'late');
  const bob = { ...old, jid: BOB, repository: old.repository };
  await acquaint(alice, bob);
  const now = readSessions((await stored('session', BOBS))!).current;
  await alice.repository.lidMapping.storeLIDPNMappings([{ pn: PN, lid: BOB }]);
  await alice.repository.migrateSession(PN, BOB);
  const { current, previous } = readSessions((await stored('session', BOBS))!);
  assert.deepEqual(current, now);
  assert.equal(previous.length, 1);
  assert.equal(await stored('session', PNS), undefined);
  assert.equal(await hear(alice, bob, late), 'late');
  assert.equal(await hear(bob, alice, await say(alice, bob, 'hi')), 'hi');
});

test('a deleted session is gone under both names', async t => {
  const { alice, stored } = await alone(t);
  await acquaint(alice, makePeer(PN, memoryKeys()));
  await alice.repository.lidMapping.storeLIDPNMappings([{ pn: PN, lid: BOB }]);
  await alice.repository.deleteSession([BOB]);
  assert.equal(await stored('session', PNS), undefined);
  assert.deepEqual(await alice.repository.validateSession(PN), { exists: false, reason: 'no session' });
});

test('base key and registration id of a session are as the peer has them', async t => {
  const { alice } = await alone(t);
  const bob = bobOf();
  assert.equal(await alice.repository.getSessionInfo(BOB), null);
  await introduce(bob, alice);
  const first = await say(bob, alice, 'first');
  await hear(alice, bob, first);
  const info = await alice.repository.getSessionInfo(BOB);
  assert.equal(info?.registrationId, bob.creds.registrationId);
  assert.deepEqual(Buffer.from(info.baseKey), Buffer.from(readFirstMessage(first.ciphertext)!.baseKey));
  const theirs = await bob.repository.getSessionInfo(alice.jid);
  assert.deepEqual(Buffer.from(info.baseKey), Buffer.from(theirs!.baseKey));
  assert.equal(theirs!.registrationId, alice.creds.registrationId);
  assert.equal(alice.repository.jidToSignalProtocolAddress(BOB), BOBS);
  assert.equal(bob.repository.jidToSignalProtocolAddress(BOB), BOBS);
});

test('a look-up of keys leaves a session with the same device as it is, and begins one with another or none', async t => {
  const { alice, stored } = await alone(t);
  const bob = bobOf();
  const lookUp = (peer: Peer) => introduce(alice, peer, { wanted: false });
  await lookUp(bob);
  await hear(bob, alice, await say(alice, bob, 'hello'));
  await hear(alice, bob, await say(bob, alice, 'hello'));
  const before = await stored('session', BOBS);
  await lookUp(bob);
  assert.deepEqual(await stored('session', BOBS), before);
  await introduce(alice, bob);
  assert.notDeepEqual(await stored('session', BOBS), before, 'what a retry receipt asks for is done');
  await lookUp(bobOf({ ...initAuthCreds(), registrationId: bob.creds.registrationId }));
  const { current } = readSessions((await stored('session', BOBS))!);
  assert.notEqual(current?.identity, readSessions(before!).current?.identity, 'somebody else');
});
