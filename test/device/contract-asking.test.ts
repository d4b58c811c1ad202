import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { type BinaryNode, decodeMessageNode, proto } from '@whiskeysockets/baileys';
import { nameOf } from '../../src/device/receiving/unread-rules.ts';
import { Undecryptable } from '../../src/device/signal/undecryptable.ts';
import { type Deferred, deferred } from '../../src/lib/deferred.ts';
import { until } from '../support/until.ts';
import { between, greeted, reliance, roundTrip, type Watched, watched } from './reliance.ts';

/** A cache that says what is done with it. */
function spied(before: (what: string, key: string) => Promise<void> | void) {
  const values = new Map<string, unknown>();
  return {
    get: async <T>(key: string) => {
      await before('get', key);
      return values.get(key) as T | undefined;
    },
    set: async (key: string, value: unknown) => {
      await before('set', key);
      values.set(key, value);
    },
    del: async (key: string) => {
      await before('del', key);
      values.delete(key);
    },
    flushAll: () => values.clear(),
  };
}

/** A client that decrypts nothing while `refusing`. */
async function choosy(t: Parameters<Parameters<typeof reliance>[1]>[0], config: object) {
  const mood = { refusing: false };
  const world = await watched(t, {
    config,
    wrap: ({ decryptMessage }) => ({
      decryptMessage: async options => {
        if (mood.refusing) throw new Undecryptable('bad_mac');
        return decryptMessage(options);
      },
    }),
  });
  await greeted(world);
  return { ...world, mood };
}

async function unreadable({ peer, self }: Watched): Promise<string> {
  const sent = await peer.sock.sendMessage(`${self.phone}@s.whatsapp.net`, { text: 'unread' });
  return sent?.key.id ?? '';
}

reliance('a retry is counted, under the id and the participant, before its receipt leaves', async t => {
  let gate: Deferred<void> | undefined;
  const counted: string[] = [];
  const world = await choosy(t, {
    msgRetryCounterCache: spied(async (what, key) => {
      if (what !== 'set' || !gate) return;
      counted.push(key);
      await gate.promise;
    }),
  });
  const { mood, log, self } = world;
  mood.refusing = true;
  gate = deferred<void>();
  const id = await unreadable(world);
  await until(() => counted.length > 0);
  await roundTrip(self.sock);
  assert.deepEqual(counted, [`${id}:undefined`]);
  const asks = (line: string) => line.includes('<receipt') && line.includes(id) && /type='retry'/.test(line);
  assert.ok(!log.some(asks));
  gate.resolve();
  await until(() => log.some(asks));
});

reliance('the phone is asked for a message by a function that can be exchanged', async t => {
  const world = await choosy(t, {});
  const { mood, log, self } = world;
  const asked: string[] = [];
  const manager = self.sock.messageRetryManager as unknown as Record<string, unknown>;
  assert.equal(typeof manager.schedulePhoneRequest, 'function');
  manager.schedulePhoneRequest = (id: string) => asked.push(id);
  mood.refusing = true;
  const id = await unreadable(world);
  await until(() => asked.length > 0);
  assert.deepEqual(asked, [id]);
  assert.ok(!log.some(line => line.includes("category='peer'")));
});

reliance(
  'what our phone sends us on demand takes its names from the cache that we give, and is taken out of it',
  async t => {
    const used: string[] = [];
    const world = await choosy(t, {
      placeholderResendCache: spied((what, key) => void used.push(`${what} ${key}`)),
    });
    const { mood, self, peer } = world;
    const manager = self.sock.messageRetryManager as unknown as Record<string, unknown>;
    manager.schedulePhoneRequest = () => {};
    mood.refusing = true;
    const id = await unreadable(world);
    const stub = await until(() => self.received.find(({ message }) => message.key.id === id));
    const { remoteJid, fromMe } = stub.message.key;
    mood.refusing = false;
    peer.connect('ws://127.0.0.1:9/'); // nobody else can send it again
    used.length = 0;
    await self.sock.sendPeerDataOperationMessage({
      placeholderMessageResendRequest: [
        { messageKey: { remoteJid: remoteJid ?? null, fromMe: fromMe ?? null, id, participant: null } },
      ],
      peerDataOperationRequestType: proto.Message.PeerDataOperationRequestType.PLACEHOLDER_MESSAGE_RESEND,
    });
    await until(() => self.text(id) === 'unread', { what: 'the copy of the phone' });
    assert.ok(used.includes(`get ${id}`) && used.includes(`del ${id}`), used.join());
  },
);

reliance('every stanza is told as a frame, and every answer by its tag', async t => {
  const world = await watched(t);
  const { sock } = world.self;
  const frames: string[] = [];
  sock.ws.on('frame', ({ attrs }: BinaryNode) => frames.push(attrs.id ?? ''));
  const id = sock.generateMessageTag();
  const answered = new Promise<BinaryNode>(resolve => sock.ws.once(`TAG:${id}`, resolve));
  const ping = { id, to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' };
  await sock.sendNode({ tag: 'iq', attrs: ping, content: [{ tag: 'ping', attrs: {} }] });
  assert.equal((await answered).attrs.id, id);
  assert.ok(frames.includes(id));
});

reliance('a stanza is decoded without its plaintext to the names that the message has later', async t => {
  const world = await watched(t);
  const { self } = world;
  const names: unknown[] = [];
  between(self.sock, 'CB:message', (node, handler) => {
    const { fullMessage } = decodeMessageNode(node, self.creds.me?.id ?? '', self.creds.me?.lid ?? '');
    names.push(nameOf(fullMessage.key));
    void handler(node);
  });
  await greeted(world);
  const read = self.received.map(({ message }) => nameOf(message.key)).filter(name => name !== undefined);
  assert.ok(names.length > 0);
  for (const name of names)
    assert.ok(
      read.some(one => isDeepStrictEqual(one, name)),
      JSON.stringify(name),
    );
  assert.throws(() => decodeMessageNode({ tag: 'message', attrs: { from: 'x@y', id: '1' } }, '', ''));
});
