// App state and history as blobs on the media host, as the real server does it, instead of patches and inline payloads.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { type BinaryNode, encodeSyncdPatch, proto, type WAPatchName } from '@whiskeysockets/baileys';
import { clientOptions } from '../../src/simulator/index.ts';
import { encryptMedia } from '../../src/simulator/media/cipher.ts';
import { until } from '../support/until.ts';
import { type Client, linkedClients, paired, simulator, tameClients } from './client.ts';

tameClients();

const CHAT = '15550050@s.whatsapp.net';

interface PhoneState {
  collections: Record<WAPatchName, { version: number; ltHash: string }>;
  state: { contacts: Record<string, unknown>; chats: Record<string, { pinned?: boolean }> };
  refused: { reason: string }[];
}
interface Blob {
  type: string;
  downloads: number;
}

async function withBlobs(t: TestContext) {
  const server = await simulator(t);
  const settings = await server.put('/admin/sync-settings', { blobs: true, inlineBytes: 0 });
  assert.deepEqual(settings, { blobs: true, inlineBytes: 0, externalMutations: 100 });
  const config = { ...clientOptions(server), appStateMacVerification: { patch: true, snapshot: true } };
  const stateOf = (phone: string) => server.get<PhoneState>(`/admin/phones/${phone}/app-state`);
  const agree = async (phone: string, client: Client, ...names: WAPatchName[]) => {
    const { collections } = await stateOf(phone);
    for (const name of names) {
      const { version, ltHash } = collections[name];
      await until(
        async () => {
          const { [name]: state } = await client.sock.authState.keys.get('app-state-sync-version', [name]);
          return state?.version === version && Buffer.from(state.hash).toString('hex') === ltHash;
        },
        { what: `${name} at ${version}` },
      );
    }
  };
  const fetched = async (type: string) => {
    const { blobs } = await server.get<{ blobs: Blob[] }>('/admin/media');
    return blobs.filter(one => one.type === type && one.downloads > 0).length;
  };
  return { server, config, stateOf, agree, fetched };
}

const contacts = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    kind: 'contact',
    jid: `1999000${String(index).padStart(4, '0')}@s.whatsapp.net`,
    fullName: `Person ${index}`,
  }));

test('a new client gets whole collections as snapshots, which verify, and goes on from there', async t => {
  const { server, config, agree, fetched, stateOf } = await withBlobs(t);
  const phone = '15550101';
  await server.post('/admin/phones', { phone });
  const act = (action: object) => server.post(`/admin/phones/${phone}/app-state`, action);
  await server.post(`/admin/phones/${phone}/app-state/batch`, { actions: contacts(50) });
  for (const pinned of [true, false, true]) await act({ kind: 'pin', chat: CHAT, pinned });
  await act({ kind: 'contact', jid: CHAT, fullName: 'Gone' });
  await act({ kind: 'removeContact', jid: CHAT });
  const names: string[] = [];
  const self = await paired(t, server, phone, config);
  self.sock.ev.on('contacts.upsert', list => void names.push(...list.map(one => one.name ?? '')));
  // In the third there is the phone's salt.
  await agree(phone, self, 'critical_block', 'critical_unblock_low', 'regular_high', 'regular_low');
  assert.equal(await fetched('md-app-state'), 4);
  await until(() => names.includes('Person 49'));
  assert.ok(!names.includes('Gone'), 'what was removed is not in a snapshot');
  await act({ kind: 'pin', chat: CHAT, pinned: false });
  await self.sock.chatModify({ archive: true, lastMessages: [] }, CHAT);
  await agree(phone, self, 'regular_low');
  assert.deepEqual((await stateOf(phone)).refused, []);
});

test('a large change is one patch with its mutations in a blob', async t => {
  const { server, config, agree, fetched, stateOf } = await withBlobs(t);
  const [self] = await linkedClients(t, server, { count: 1 }, config);
  assert.ok(self);
  await server.post(`/admin/phones/${self.phone}/app-state`, contacts(1)[0]);
  await agree(self.phone, self, 'critical_unblock_low');
  const versions = await server.post<Record<string, number>>(`/admin/phones/${self.phone}/app-state/batch`, {
    actions: contacts(400),
  });
  assert.equal(versions.critical_unblock_low, 2);
  await agree(self.phone, self, 'critical_unblock_low');
  assert.ok((await fetched('md-app-state')) >= 1);
  const { state, refused } = await stateOf(self.phone);
  assert.deepEqual([Object.keys(state.contacts).length, refused], [400, []]);
});

test('a client may put the mutations of its patch into a blob too; one that is not there is refused', async t => {
  const { server, config, stateOf } = await withBlobs(t);
  const [self] = await linkedClients(t, server, { count: 1 }, config);
  assert.ok(self);
  const id = self.creds.myAppStateKeyId ?? '';
  const patch = async (pinned: boolean, state: object) => {
    const made = await encodeSyncdPatch(
      {
        type: 'regular_low',
        index: ['pin_v1', CHAT],
        syncAction: { pinAction: { pinned }, timestamp: Date.now() },
        apiVersion: 5,
        operation: proto.SyncdMutation.SyncdOperation.SET,
      },
      id,
      state as never,
      async name => (await self.sock.authState.keys.get('app-state-sync-key', [name]))[name] as never,
    );
    const { mutations, ...rest } = made.patch;
    const plain = proto.SyncdMutations.encode({ mutations: mutations ?? [] }).finish();
    return { ...made, rest, blob: encryptMedia(plain, 'md-app-state') };
  };
  const push = (version: number, given: proto.ISyncdPatch) =>
    self.sock.query({
      tag: 'iq',
      attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'w:sync:app:state' },
      content: [
        {
          tag: 'sync',
          attrs: {},
          content: [
            {
              tag: 'collection',
              attrs: { name: 'regular_low', version: String(version) },
              content: [{ tag: 'patch', attrs: {}, content: proto.SyncdPatch.encode(given).finish() }],
            },
          ],
        },
      ],
    }) as Promise<BinaryNode>;
  const { rest, blob, state } = await patch(true, { version: 0, hash: Buffer.alloc(128), indexValueMap: {} });
  const token = blob.fileEncSha256.toString('base64url');
  const { auth } = await self.sock.refreshMediaConn(false);
  const upload = await fetch(`${server.mediaUrl}/mms/md-app-state/${token}?auth=${auth}&token=${token}`, {
    ...config.options,
    method: 'POST',
    body: new Uint8Array(blob.bytes),
  });
  const { direct_path: directPath } = (await upload.json()) as { direct_path: string };
  const { mediaKey, fileSha256, fileEncSha256, fileLength: fileSizeBytes } = blob;
  const reference = { directPath, mediaKey, fileSha256, fileEncSha256, fileSizeBytes };
  await push(0, { ...rest, externalMutations: reference });
  const pinned = async () => (await stateOf(self.phone)).state.chats[CHAT]?.pinned;
  assert.equal(await pinned(), true);
  const second = await patch(false, state);
  await push(1, { ...second.rest, externalMutations: { ...reference, directPath: '/v/nothing' } });
  const after = await stateOf(self.phone);
  assert.deepEqual(
    [after.state.chats[CHAT]?.pinned, after.refused.map(one => one.reason)],
    [true, ['missing-blob']],
  );
  await push(2, { ...second.rest, externalMutations: { ...reference, mediaKey: randomBytes(32) } });
  assert.equal((await stateOf(self.phone)).refused.at(-1)?.reason, 'missing-blob');
});

test('history comes as blobs, chunk by chunk', async t => {
  const { server, config, fetched } = await withBlobs(t);
  const phone = '15550102';
  await server.post('/admin/phones', { phone });
  const past = await server.post<{ messages: number }>(`/admin/phones/${phone}/history`, {
    seed: 'blobs',
    chats: 30,
    messagesPerChat: 80,
    days: 80,
  });
  const ids = new Set<string>();
  const self = await paired(t, server, phone, config);
  self.sock.ev.on('messaging-history.set', ({ messages }) => {
    for (const { key } of messages) ids.add(key.id ?? '');
  });
  await until(() => ids.size === past.messages, { what: `${past.messages} messages` });
  const { transfers } = await server.get<{ transfers: { inline: boolean }[] }>(
    `/admin/phones/${phone}/history`,
  );
  assert.ok(transfers.every(one => !one.inline));
  // FULL is not processed by default, so nobody fetches it.
  assert.ok((await fetched('md-msg-hist')) >= 4);
});
