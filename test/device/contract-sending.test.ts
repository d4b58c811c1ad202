import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type BinaryNode,
  type GroupMetadata,
  initAuthCreds,
  makeWASocket,
  type proto,
} from '@whiskeysockets/baileys';
import { LRUCache } from 'lru-cache';
import { type Deferred, deferred } from '../../src/lib/deferred.ts';
import { makeGroup } from '../simulator/group-world.ts';
import { until } from '../support/until.ts';
import { between, greeted, reliance, roundTrip, watched } from './reliance.ts';
import { memoryKeys, quiet } from './signal.ts';
import { settled } from './store.ts';

const text = (body: string): proto.IMessage => ({ conversation: body });

reliance(
  'a message is relayed under the id that it is given, again too, and is acknowledged by it',
  async t => {
    const world = await watched(t);
    const { self, peer, peerJid } = world;
    await greeted(world);
    const acks: BinaryNode[] = [];
    self.sock.ws.on('CB:ack,class:message', (node: BinaryNode) => acks.push(node));
    const id = '3EB0CARDUME0000000001';
    assert.equal(await self.sock.relayMessage(peerJid, text('once'), { messageId: id }), id);
    await until(() => peer.text(id) === 'once');
    await self.sock.relayMessage(peerJid, text('once'), { messageId: id });
    await until(() => acks.filter(({ attrs }) => attrs.id === id).length === 2);
    for (const { attrs } of acks)
      assert.ok(Number(attrs.t) > 1_600_000_000, 'an acknowledgement has its time in seconds');
  },
);

reliance('nothing is on the wire before every encryption of it has resolved', async t => {
  let gate: Deferred<void> | undefined;
  const world = await watched(t, {
    wrap: ({ encryptMessage }) => ({
      encryptMessage: async options => {
        const sealed = await encryptMessage(options);
        await gate?.promise;
        return sealed;
      },
    }),
  });
  const { self, peerJid, log, peer } = world;
  await greeted(world);
  gate = deferred<void>();
  log.length = 0;
  const id = '3EB0CARDUME0000000002';
  const sent = self.sock.relayMessage(peerJid, text('held'), { messageId: id });
  await roundTrip(self.sock);
  assert.equal(await settled(sent), false);
  assert.ok(!log.some(line => line.includes('<message')), 'no message before its encryption');
  gate.resolve();
  await sent;
  assert.ok(
    log.some(line => line.includes('<message') && line.includes(id)),
    'it resolves when it was written',
  );
  await until(() => peer.text(id) === 'held');
});

reliance('a message that could be encrypted for nobody fails and does not leave', async t => {
  let refusing = false;
  const world = await watched(t, {
    wrap: ({ encryptMessage }) => ({
      encryptMessage: async options => {
        if (refusing) throw new Error('the store failed');
        return encryptMessage(options);
      },
    }),
  });
  const { self, peerJid, log } = world;
  await greeted(world);
  refusing = true;
  log.length = 0;
  await assert.rejects(
    self.sock.relayMessage(peerJid, text('never'), { messageId: '3EB0CARDUME0000000003' }),
  );
  await roundTrip(self.sock);
  assert.ok(!log.some(line => line.includes('<message')));
});

reliance('who has our sender key is written after the message that brings it has left', async t => {
  let group: GroupMetadata | undefined;
  const world = await watched(t, { config: { cachedGroupMetadata: async () => group } });
  const { self, peer, server, log } = world;
  group = await makeGroup(server, 'lid', [self, peer]);
  log.length = 0;
  const id = '3EB0CARDUME0000000004';
  await self.sock.relayMessage(group.id, text('to all'), { messageId: id });
  await until(() => peer.text(id) === 'to all');
  const wire = log.findIndex(line => line.includes('<message'));
  assert.ok(wire >= 0 && log.indexOf('set sender-key-memory') > wire, log.join('\n'));
  assert.ok(!log.some(line => line.includes("xmlns='w:g2'")), 'what we know of a group is not asked again');
});

reliance(
  'a message that somebody could not decrypt is asked of getMessage, and leaves again under its id',
  async t => {
    const asked: (string | null | undefined)[] = [];
    const world = await watched(t, {
      config: {
        getMessage: async ({ id }) => {
          asked.push(id);
          return text('from the store');
        },
      },
    });
    const { self, peer, peerJid } = world;
    await greeted(world);
    peer.dropSessions();
    // As after a restart: Baileys itself knows nothing of it any more (socket.ts, boundRetryManager).
    const manager = self.sock.messageRetryManager as unknown as {
      recentMessagesMap: LRUCache<string, object>;
    };
    const { set } = manager.recentMessagesMap;
    manager.recentMessagesMap.set = function (key, value) {
      set.call(this, key, value);
      this.delete(key);
      return this;
    };
    const id = '3EB0CARDUME0000000005';
    await self.sock.relayMessage(peerJid, text('unreadable'), { messageId: id });
    await until(() => peer.text(id) === 'from the store', { what: 'it came again' });
    assert.ok(asked.includes(id));
  },
);

reliance('what Baileys remembers of messages and names is in maps that can be exchanged', async t => {
  const world = await watched(t);
  const { self, peerJid } = world;
  await greeted(world);
  const manager = self.sock.messageRetryManager as unknown as Record<string, unknown>;
  const [recent, base, mappings] = [1, 2, 3].map(() => new LRUCache<string, object | string>({ max: 16 }));
  assert.ok(manager.recentMessagesMap && manager.baseKeys && manager.messageKeyIndex instanceof Map);
  Object.assign(manager, { recentMessagesMap: recent, baseKeys: base });
  const store = self.sock.signalRepository.lidMapping as unknown as { mappingCache: unknown };
  assert.ok(store.mappingCache);
  store.mappingCache = mappings;
  const id = '3EB0CARDUME0000000006';
  await self.sock.relayMessage(peerJid, text('kept'), { messageId: id });
  assert.deepEqual([...recent!.keys()], [`${peerJid}\u0000${id}`], 'by chat and id, with a zero between');
  assert.equal((manager.messageKeyIndex as Map<string, string>).get(id), `${peerJid}\u0000${id}`);
  await self.sock.signalRepository.lidMapping.storeLIDPNMappings([
    { pn: '15550001111@s.whatsapp.net', lid: '999@lid' },
  ]);
  assert.equal(mappings!.get('pn:15550001111'), '999');
});

reliance('a number without WhatsApp has no devices and is said not to exist; a person has', async t => {
  const world = await watched(t);
  const { self, peer, peerJid } = world;
  const nobody = '15559990000@s.whatsapp.net';
  assert.deepEqual(await self.sock.getUSyncDevices([nobody], true, false), []);
  const found = await self.sock.onWhatsApp(nobody);
  assert.ok(found && !found.some(({ exists }) => exists));
  const devices = await self.sock.getUSyncDevices([peerJid], true, false);
  assert.ok(devices.some(({ user }) => user === peer.phone));
});

reliance(
  'credentials are one object that changes in place, and new pre-keys are in it before they are stored',
  async t => {
    const world = await watched(t);
    const { self, log } = world;
    assert.equal(self.sock.authState.creds, self.creds);
    const before = self.creds.nextPreKeyId;
    self.sock.ev.on('creds.update', ({ nextPreKeyId }) => {
      if (nextPreKeyId !== undefined) log.push(`creds ${self.creds.nextPreKeyId}`);
    });
    log.length = 0;
    await self.sock.uploadPreKeys(5);
    assert.equal(self.creds.nextPreKeyId, before + 5);
    const counted = log.indexOf(`creds ${before + 5}`);
    const stored = log.indexOf('set pre-key');
    const uploaded = log.findIndex(line => line.includes("xmlns='encrypt'") && line.includes("type='set'"));
    assert.ok(counted >= 0 && counted < stored && stored < uploaded, log.join('\n'));
  },
);

reliance('an HTTP answer in place of a WebSocket is told by the line, with its status', async t => {
  const server = createServer((_request, response) => response.writeHead(503).end());
  server.on('upgrade', (_request, socket) => void socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const socket = makeWASocket({
    auth: { creds: initAuthCreds(), keys: memoryKeys() },
    waWebSocketUrl: `ws://127.0.0.1:${port}/ws/chat`,
    logger: quiet,
  });
  t.after(() => void socket.end(undefined));
  const status = await new Promise(resolve => {
    socket.ws.on('unexpected-response', (_request: unknown, { statusCode }: { statusCode?: number }) =>
      resolve(statusCode),
    );
  });
  assert.equal(status, 503);
});

reliance('a connection ends once: a promise, and one close', async t => {
  const world = await watched(t);
  const { self } = world;
  const order: string[] = [];
  self.sock.registerSocketEndHandler(() => void order.push('handler'));
  self.sock.ev.process(events => {
    if (events['connection.update']?.connection === 'close') order.push('close');
  });
  const ended = self.sock.end(new Error('enough')) as unknown as Promise<void>;
  assert.ok(ended instanceof Promise, 'typed as void');
  await ended;
  await self.sock.end(undefined);
  assert.deepEqual(order, ['handler', 'close']);
});

reliance('a connection is told to be unlinked by a query of its own', async t => {
  const world = await watched(t);
  const { self } = world;
  const answer: unknown = await self.sock
    .query({
      tag: 'iq',
      attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'md', id: self.sock.generateMessageTag() },
      content: [{ tag: 'remove-companion-device', attrs: { jid: self.jid, reason: 'user_initiated' } }],
    })
    .catch((error: unknown) => error);
  assert.notEqual(answer, undefined);
  await until(() => self.closes.includes(401));
});

reliance(
  'devices of people are looked for in the cache that we give, by the name without its server',
  async t => {
    const seen = new Map<string, unknown>();
    const cache = {
      get: <T>(key: string) => seen.get(key) as T | undefined,
      set: <T>(key: string, value: T) => void seen.set(key, value),
      del: (key: string) => void seen.delete(key),
      flushAll: () => seen.clear(),
    };
    const world = await watched(t, { config: { userDevicesCache: cache } });
    const { self, peer, peerJid, log } = world;
    await self.sock.getUSyncDevices([peerJid], true, false);
    assert.ok(seen.has(peer.phone), [...seen.keys()].join());
    log.length = 0;
    await self.sock.getUSyncDevices([peerJid], true, false);
    assert.ok(!log.some(line => line.includes("xmlns='usync'")), 'it is not asked again');
  },
);

reliance(
  'what a retry receipt wants is done within the handler of its stanza, in its asynchronous context',
  async t => {
    const wanted = new AsyncLocalStorage<boolean>();
    const begun: (boolean | undefined)[] = [];
    const world = await watched(t, {
      config: { getMessage: async () => text('again') },
      wrap: ({ injectE2ESession }) => ({
        injectE2ESession: options => {
          begun.push(wanted.getStore());
          return injectE2ESession(options);
        },
      }),
    });
    const { self, peer, peerJid } = world;
    await greeted(world);
    between(self.sock, 'CB:receipt', (node, handler) => void wanted.run(true, () => handler(node)));
    peer.dropSessions();
    begun.length = 0;
    const id = '3EB0CARDUME0000000007';
    await self.sock.relayMessage(peerJid, text('again'), { messageId: id });
    await until(() => peer.text(id) === 'again');
    assert.ok(begun.includes(true), begun.join());
  },
);
