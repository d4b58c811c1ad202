import assert from 'node:assert/strict';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { MISSING_KEYS_ERROR_TEXT, NACK_REASONS, proto } from '@whiskeysockets/baileys';
import { Undecryptable } from '../../src/device/signal/undecryptable.ts';
import { type Deferred, deferred } from '../../src/lib/deferred.ts';
import { until } from '../support/until.ts';
import { between, greeted, reliance, roundTrip, watched } from './reliance.ts';
import { settled } from './store.ts';

const { CIPHERTEXT } = proto.WebMessageInfo.StubType;

reliance('a stanza that wants a receipt has one listener, which ends when the stanza is through', async t => {
  let gate: Deferred<void> | undefined;
  const world = await watched(t, {
    wrap: ({ decryptMessage }) => ({
      decryptMessage: async options => {
        const plaintext = await decryptMessage(options);
        await gate?.promise;
        return plaintext;
      },
    }),
  });
  const { self, peer, log } = world;
  await greeted(world);
  for (const event of ['CB:receipt', 'CB:notification', 'CB:call'])
    assert.equal(self.sock.ws.listeners(event).length, 1, event);
  const handled: { id: string; over: Promise<void> }[] = [];
  between(self.sock, 'CB:message', (node, handler) => {
    handled.push({ id: node.attrs.id ?? '', over: handler(node).then(() => void log.push('through')) });
  });
  const told: string[] = [];
  self.sock.ev.process(events => {
    for (const { key } of events['messages.upsert']?.messages ?? []) told.push(key.id ?? '');
  });
  gate = deferred<void>();
  log.length = 0;
  const sent = await peer.sock.sendMessage(`${self.phone}@s.whatsapp.net`, { text: 'held' });
  const id = sent?.key.id ?? '';
  await until(() => handled.length === 1);
  await roundTrip(self.sock);
  assert.equal(await settled(handled[0]!.over), false);
  assert.ok(
    !log.some(line => line.includes('<receipt') && line.includes(id)),
    'no receipt before it is decrypted',
  );
  assert.deepEqual(told, []);
  gate.resolve();
  await handled[0]!.over;
  self.sock.ev.flush();
  assert.deepEqual(told, [id], 'what was in it has been told');
  const receipt = log.findIndex(line => line.includes('<receipt') && line.includes(id));
  assert.ok(receipt >= 0 && receipt < log.indexOf('through'), 'and its receipt has left');
});

reliance('a stanza with the mark of the offline queue is not waited for, one without it is', async t => {
  const gate = deferred<void>();
  let holding = false;
  const world = await watched(t, {
    wrap: ({ decryptMessage }) => ({
      decryptMessage: async options => {
        if (holding) await gate.promise;
        return decryptMessage(options);
      },
    }),
  });
  const { self, peer } = world;
  await greeted(world);
  const nodes: BinaryNode[] = [];
  let handle: ((node: BinaryNode) => Promise<void>) | undefined;
  between(self.sock, 'CB:message', (node, handler) => {
    nodes.push(node);
    handle = handler;
  });
  for (const text of ['one', 'two']) await peer.sock.sendMessage(`${self.phone}@s.whatsapp.net`, { text });
  await until(() => nodes.length === 2);
  const [one, two] = nodes as [BinaryNode, BinaryNode];
  holding = true;
  await handle!({ ...one, attrs: { ...one.attrs, offline: '0' } });
  const over = handle!(two);
  assert.equal(await settled(over), false);
  gate.resolve();
  await over;
  for (const { attrs } of nodes) await until(() => self.text(attrs.id ?? ''));
});

reliance('the ciphertext that is to be decrypted is the very bytes of the stanza', async t => {
  const seen: Uint8Array[] = [];
  const world = await watched(t, {
    wrap: ({ decryptMessage }) => ({
      decryptMessage: options => {
        seen.push(options.ciphertext);
        return decryptMessage(options);
      },
    }),
  });
  const nodes: BinaryNode[] = [];
  between(world.self.sock, 'CB:message', (node, handler) => {
    nodes.push(node);
    // A copy of the node, as the inbox gives it on.
    void handler({ ...node, attrs: { ...node.attrs } });
  });
  await greeted(world);
  const contents = nodes.flatMap(({ content }) => (content as BinaryNode[]).map(child => child.content));
  assert.ok(seen.length > 0);
  for (const ciphertext of seen) assert.ok(contents.includes(ciphertext as Buffer));
});

reliance(
  'why a message did not decrypt is the first parameter of its stub, and is answered with a retry receipt',
  async t => {
    const refusal = new Undecryptable('bad_mac');
    let refusing = false;
    const world = await watched(t, {
      wrap: ({ decryptMessage }) => ({
        decryptMessage: async options => {
          if (refusing) throw refusal;
          return decryptMessage(options);
        },
      }),
    });
    const { self, peer, log } = world;
    await greeted(world);
    refusing = true;
    const sent = await peer.sock.sendMessage(`${self.phone}@s.whatsapp.net`, { text: 'unread' });
    const id = sent?.key.id ?? '';
    const stub = await until(() => self.received.find(({ message }) => message.key.id === id));
    assert.equal(stub.message.messageStubType, CIPHERTEXT);
    assert.deepEqual(stub.message.messageStubParameters, [refusal.message]);
    await until(() =>
      log.some(line => line.includes('<receipt') && line.includes(id) && /type='retry'/.test(line)),
    );
    refusing = false;
    await until(() => self.text(id) === 'unread', { what: 'it comes again' });
  },
);

reliance(
  'what was decrypted before is acknowledged with an error, without a stub and without a retry',
  async t => {
    let refusing = false;
    const world = await watched(t, {
      wrap: ({ decryptMessage }) => ({
        decryptMessage: async options => {
          if (refusing) throw new Undecryptable('duplicate');
          return decryptMessage(options);
        },
      }),
    });
    const { self, peer, log } = world;
    assert.equal(new Undecryptable('duplicate').message, MISSING_KEYS_ERROR_TEXT);
    await greeted(world);
    refusing = true;
    const sent = await peer.sock.sendMessage(`${self.phone}@s.whatsapp.net`, { text: 'again' });
    const id = sent?.key.id ?? '';
    const ack = await until(() => log.find(line => line.includes('<ack') && line.includes(id)));
    assert.ok(ack.includes(`error='${NACK_REASONS.ParsingError}'`), ack);
    refusing = false;
    await greeted(world);
    assert.ok(!log.some(line => line.includes('<receipt') && line.includes(id)));
    assert.ok(!self.received.some(({ message }) => message.key.id === id));
  },
);

reliance('the line under a socket can be cut at once, and nothing leaves after that', async t => {
  const gate = deferred<void>();
  const began = deferred<void>();
  let holding = false;
  const world = await watched(t, {
    wrap: ({ decryptMessage }) => ({
      decryptMessage: async options => {
        if (!holding) return decryptMessage(options);
        began.resolve();
        await gate.promise;
        throw new Error('the store failed');
      },
    }),
  });
  const { self, peer, server } = world;
  await greeted(world);
  holding = true;
  const sent = await peer.sock.sendMessage(`${self.phone}@s.whatsapp.net`, { text: 'not lost' });
  await began.promise;
  // As the device does when its store has failed (connection.ts, cut).
  const line = (self.sock.ws as unknown as { socket: { terminate(): void } | null }).socket;
  assert.ok(line);
  line.terminate();
  assert.equal(self.sock.ws.isOpen, false);
  await assert.rejects(self.sock.sendNode({ tag: 'presence', attrs: { type: 'available' } }));
  gate.resolve();
  await until(() => self.closes.length === 1);
  const { devices } = await server.get<{ devices: Record<string, { receipts: unknown[] }> }>(
    `/admin/ledger/messages/${sent?.key.id}`,
  );
  assert.deepEqual(devices[self.jid]?.receipts, [], 'neither a receipt nor a request to send it again');
});

reliance(
  'what comes over the line has one listener, which fails with what cannot be read and with what throws',
  async t => {
    const world = await watched(t);
    const { ws } = world.self.sock;
    const listeners = ws.listeners('message') as ((data: Buffer) => Promise<void>)[];
    assert.equal(listeners.length, 1);
    const [hear] = listeners as [(data: Buffer) => Promise<void>];
    ws.off('message', hear);
    const heard: Promise<void>[] = [];
    ws.on('message', (data: Buffer) => {
      const over = hear(data);
      over.catch(() => {}); // looked at below
      heard.push(over);
    });
    await greeted(world);
    await Promise.all(heard);
    assert.ok(heard.length > 0, 'it hears all the same');
    heard.length = 0;
    ws.once('frame', () => {
      throw new Error('a listener throws');
    });
    // Its answer is lost, and with the socket's end nobody tells it: it need not wait for one.
    const asked = roundTrip(world.self.sock, 1).catch(() => {});
    await until(() => heard.length > 0);
    await assert.rejects(heard[0] as Promise<void>, /a listener throws/);
    // Three bytes of length, and what no key opens.
    await assert.rejects(hear(Buffer.concat([Buffer.of(0, 0, 32), Buffer.alloc(32, 7)])));
    await world.self.sock.end(undefined);
    await asked;
  },
);
