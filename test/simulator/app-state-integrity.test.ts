import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { type BinaryNode, encodeSyncdPatch, proto, type WAPatchName } from '@whiskeysockets/baileys';
import { mutationKeys, patchMac, valueMac } from '../../src/simulator/app-state/macs.ts';
import { until } from '../support/until.ts';
import { type Client, linkedClients, paired, type Server, simulator, tameClients } from './client.ts';
import { STRICT, twins } from './twins.ts';

tameClients();

const CHAT = '15550050@s.whatsapp.net';
const NAME = 'regular_low' as const;

interface PhoneState {
  keys: { id: string; current: boolean }[];
  collections: Record<WAPatchName, { version: number; ltHash: string; records: { key: string }[] }>;
  state: { chats: Record<string, { pinned?: boolean; locked?: boolean; archived?: boolean }> };
  refused: { collection: string; version: number; reason: string }[];
}

const stateOf = (server: Server, phone: string) => server.get<PhoneState>(`/admin/phones/${phone}/app-state`);

async function baileysState(client: Client, name: WAPatchName = NAME) {
  const { [name]: state } = await client.sock.authState.keys.get('app-state-sync-version', [name]);
  return state ?? { version: 0, hash: Buffer.alloc(128), indexValueMap: {} };
}

async function agree(server: Server, phone: string, ...clients: Client[]): Promise<void> {
  const { version, ltHash } = (await stateOf(server, phone)).collections[NAME];
  for (const client of clients) {
    await until(
      async () => {
        const state = await baileysState(client);
        return state.version === version && Buffer.from(state.hash).toString('hex') === ltHash;
      },
      { what: `version ${version} everywhere` },
    );
  }
}

/** A patch as this client would push it now. */
async function patchBy(client: Client, pinned: boolean, chat = CHAT): Promise<proto.ISyncdPatch> {
  const { patch } = await encodeSyncdPatch(
    {
      type: NAME,
      index: ['pin_v1', chat],
      syncAction: { pinAction: { pinned }, timestamp: Date.now() },
      apiVersion: 5,
      operation: proto.SyncdMutation.SyncdOperation.SET,
    },
    client.creds.myAppStateKeyId ?? '',
    await baileysState(client),
    async id => (await client.sock.authState.keys.get('app-state-sync-key', [id]))[id] as never,
  );
  return patch;
}

const keyOf = async (client: Client) => {
  const id = client.creds.myAppStateKeyId ?? '';
  const { [id]: key } = await client.sock.authState.keys.get('app-state-sync-key', [id]);
  return { id: Buffer.from(id, 'base64'), keys: mutationKeys(key!.keyData!) };
};

/** One collection's part of the answer. */
async function ask(
  client: Client,
  attrs: Record<string, string>,
  patch?: Uint8Array,
): Promise<BinaryNode & { content: BinaryNode[] }> {
  const content = patch && [{ tag: 'patch', attrs: {}, content: patch }];
  const collection = { tag: 'collection', attrs, ...(content && { content }) };
  const answer = (await client.sock.query({
    tag: 'iq',
    attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'w:sync:app:state' },
    content: [{ tag: 'sync', attrs: {}, content: [collection] }],
  })) as BinaryNode;
  const sync = (answer.content as BinaryNode[])[0];
  assert.ok(sync);
  return (sync.content as BinaryNode[])[0] as never;
}

const push = (client: Client, version: number, patch: proto.ISyncdPatch) =>
  ask(client, { name: NAME, version: String(version) }, proto.SyncdPatch.encode(patch).finish());

test('of two writers on one version the second is refused, gets what it missed, and may try again', async t => {
  const server = await simulator(t);
  const [alice, twin, phone] = await twins(t, server);
  const late = await patchBy(twin, false);
  await alice.sock.chatModify({ pin: true }, CHAT);
  const refused = await push(twin, 0, late);
  assert.deepEqual([refused.attrs.type, refused.attrs.has_more_patches], ['error', 'false']);
  const [error, patches] = refused.content;
  assert.deepEqual(error?.attrs, { code: '409', text: 'conflict' });
  assert.ok(patches);
  const missed = (patches.content as BinaryNode[]).map(one =>
    proto.SyncdPatch.decode(one.content as Uint8Array),
  );
  assert.deepEqual(
    missed.map(one => Number(one.version?.version)),
    [1],
  );
  assert.equal((await stateOf(server, phone)).state.chats[CHAT]?.pinned, true);
  await agree(server, phone, alice, twin);
  const again = await push(twin, 1, await patchBy(twin, false));
  assert.deepEqual(again.attrs, { name: NAME, version: '2' });
  const { state, refused: unbelieved } = await stateOf(server, phone);
  assert.deepEqual([state.chats[CHAT]?.pinned, unbelieved], [false, []]);
  await agree(server, phone, alice);
});

test('a patch that does not verify changes nothing on the phone and is counted by what is wrong with it', async t => {
  const server = await simulator(t);
  const [alice, twin, phone] = await twins(t, server);
  await alice.sock.chatModify({ pin: true }, CHAT);
  await agree(server, phone, alice, twin);
  const { id, keys } = await keyOf(alice);
  const flip = (bytes: Uint8Array | null | undefined, at: number) => {
    const copy = Buffer.from(bytes ?? []);
    copy[at < 0 ? copy.length + at : at]! ^= 1;
    return copy;
  };
  /** With the outer MAC made again, as a key holder could. */
  const signed = (patch: proto.ISyncdPatch, version: number): proto.ISyncdPatch => {
    const macs = patch.mutations!.map(one => one.record!.value!.blob!.subarray(-32));
    return { ...patch, patchMac: patchMac(keys, patch.snapshotMac!, macs, version, NAME) };
  };
  const withRecord = (patch: proto.ISyncdPatch, change: (record: proto.ISyncdRecord) => unknown) => {
    const copy = proto.SyncdPatch.decode(proto.SyncdPatch.encode(patch).finish());
    for (const { record } of copy.mutations) change(record!);
    return copy;
  };
  const wrong: [string, (patch: proto.ISyncdPatch, version: number) => proto.ISyncdPatch][] = [
    ['patch-mac', patch => ({ ...patch, patchMac: flip(patch.patchMac, 0) })],
    [
      'snapshot-mac',
      (patch, version) => signed({ ...patch, snapshotMac: flip(patch.snapshotMac, 5) }, version),
    ],
    [
      'value-mac',
      (patch, version) =>
        signed(
          withRecord(patch, record =>
            Object.assign(record, { value: { blob: flip(record.value?.blob, 20) } }),
          ),
          version,
        ),
    ],
    [
      'index-mac',
      (patch, version) =>
        signed(
          withRecord(patch, record =>
            Object.assign(record, { index: { blob: flip(record.index?.blob, 1) } }),
          ),
          version,
        ),
    ],
    [
      'malformed',
      (patch, version) =>
        signed(
          withRecord(patch, record => {
            const junk = randomBytes(48);
            record.value = {
              blob: Buffer.concat([junk, valueMac(keys, proto.SyncdMutation.SyncdOperation.SET, id, junk)]),
            };
          }),
          version,
        ),
    ],
    [
      'duplicate-index',
      (patch, version) =>
        signed({ ...patch, mutations: [...patch.mutations!, ...patch.mutations!] }, version),
    ],
    ['missing-key', patch => ({ ...patch, keyId: { id: randomBytes(6) } })],
  ];
  const honest = await patchBy(alice, false);
  const before = (await stateOf(server, phone)).collections[NAME];
  for (const [index, [, spoil]] of wrong.entries()) {
    const version = before.version + index;
    assert.equal((await push(alice, version, spoil(honest, version + 1))).attrs.type, undefined);
  }
  const after = await stateOf(server, phone);
  assert.deepEqual(
    after.refused,
    wrong.map(([reason], index) => ({ collection: NAME, version: before.version + 1 + index, reason })),
  );
  assert.deepEqual([after.state.chats[CHAT]?.pinned, after.collections[NAME].ltHash], [true, before.ltHash]);
  const ledger = await server.get<{ appStateRefused: number }>('/admin/ledger');
  assert.equal(ledger.appStateRefused, wrong.length);
  // What the phone writes after that is built on what it believes, and is believed.
  await server.post(`/admin/phones/${phone}/app-state`, { kind: 'lock', chat: CHAT });
  assert.equal((await stateOf(server, phone)).state.chats[CHAT]?.locked, true);
});

test('a push that is no patch, or to no collection, or on top of what is not there, is answered with an error', async t => {
  const server = await simulator(t);
  const [alice, , phone] = await twins(t, server);
  const honest = proto.SyncdPatch.encode(await patchBy(alice, true)).finish();
  const codes = [];
  for (const [attrs, patch] of [
    [{ name: NAME, version: '0' }, randomBytes(400)],
    [{ name: NAME, version: '0' }, proto.SyncdPatch.encode({}).finish()],
    [{ name: NAME, version: '0' }, Buffer.concat([honest, Buffer.alloc(600_000)])],
    [{ name: NAME, version: '7' }, honest],
    [{ name: NAME, version: '-1' }, honest],
    [{ name: NAME, version: 'many' }, undefined],
    [{ name: NAME, version: '7' }, undefined],
    [{ name: 'nonsense', version: '0' }, undefined],
  ] as [Record<string, string>, Uint8Array | undefined][]) {
    const answer = await ask(alice, attrs, patch);
    codes.push([answer.attrs.type, answer.content[0]?.attrs.code].join(' '));
  }
  assert.deepEqual(codes, [...Array(7).fill('error 400'), 'error 404']);
  assert.equal((await stateOf(server, phone)).collections[NAME].version, 0);
  await alice.sock.chatModify({ pin: true }, CHAT);
  assert.equal((await stateOf(server, phone)).state.chats[CHAT]?.pinned, true);
});

test('after a change of keys everybody writes with the new one, and an old fact is not there twice', async t => {
  const server = await simulator(t);
  const [alice, twin, phone] = await twins(t, server);
  await alice.sock.chatModify({ pin: true }, CHAT);
  const { key } = await server.post<{ key: string }>(`/admin/phones/${phone}/app-state/rotate-key`);
  const current = (client: Client) =>
    Buffer.from(client.creds.myAppStateKeyId ?? '', 'base64').toString('hex');
  await until(() => current(alice) === key && current(twin) === key, { what: 'the new key' });
  await server.post(`/admin/phones/${phone}/app-state`, { kind: 'pin', chat: CHAT, pinned: false });
  await agree(server, phone, alice, twin);
  await twin.sock.chatModify({ pin: true }, '15550051@s.whatsapp.net');
  await agree(server, phone, alice, twin);
  const { collections, refused, keys } = await stateOf(server, phone);
  assert.deepEqual(refused, []);
  assert.deepEqual(
    keys.map(one => one.current),
    [false, true],
  );
  assert.deepEqual(
    collections[NAME].records.map(one => one.key),
    [key, key],
  );
});

test('a companion that lacks a key asks the phone for it and then reads on', async t => {
  const server = await simulator(t);
  const [alice, twin, phone] = await twins(t, server);
  await alice.sock.chatModify({ pin: true }, CHAT);
  await agree(server, phone, twin);
  const rotated = await server.post<{ key: string }>(`/admin/phones/${phone}/app-state/rotate-key`, {
    share: false,
  });
  await server.post(`/admin/phones/${phone}/app-state`, { kind: 'lock', chat: CHAT });
  const request = {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_REQUEST,
      appStateSyncKeyRequest: {
        keyIds: [{ keyId: Buffer.from(rotated.key, 'hex') }, { keyId: randomBytes(6) }],
      },
    },
  };
  const own = `${phone}@s.whatsapp.net`;
  await twin.sock.relayMessage(own, request, { additionalAttributes: { category: 'peer' } });
  await until(() => twin.creds.myAppStateKeyId === Buffer.from(rotated.key, 'hex').toString('base64'));
  await twin.sock.resyncAppState([NAME], false);
  await agree(server, phone, twin);
});

test('a key that a companion made is taken by the phone, which then reads what it could not', async t => {
  const server = await simulator(t);
  const [alice, , phone] = await twins(t, server);
  const id = Buffer.from([0, 1, 0, 0, 0, 9]);
  const keyData = { keyData: randomBytes(32), timestamp: Date.now(), fingerprint: { rawId: 1 } };
  await alice.sock.authState.keys.set({
    'app-state-sync-key': { [id.toString('base64')]: proto.Message.AppStateSyncKeyData.create(keyData) },
  });
  alice.creds.myAppStateKeyId = id.toString('base64');
  await push(alice, 0, await patchBy(alice, true));
  assert.deepEqual(
    (await stateOf(server, phone)).refused.map(one => one.reason),
    ['missing-key'],
  );
  const share = {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE,
      appStateSyncKeyShare: { keys: [{ keyId: { keyId: id }, keyData }] },
    },
  };
  await alice.sock.relayMessage(`${phone}@s.whatsapp.net`, share, {
    additionalAttributes: { category: 'peer' },
  });
  await until(async () => (await stateOf(server, phone)).state.chats[CHAT]?.pinned, { what: 'the pin' });
});

test('app state survives a restart: keys, patches, and everybody still agrees', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'cardume-'));
  const stateFile = join(folder, 'world.json');
  const first = await simulator(t, { stateFile });
  const alice = await paired(t, first, '15550071', STRICT);
  await until(() => alice.creds.myAppStateKeyId, { what: 'a key' });
  await alice.sock.chatModify({ pin: true }, CHAT);
  await first.post('/admin/phones/15550071/app-state', { kind: 'lock', chat: CHAT });
  await agree(first, '15550071', alice);
  const before = await stateOf(first, '15550071');
  await first.stop();
  await until(() => alice.closes.length > 0);
  const second = await simulator(t, { stateFile });
  t.after(() => rm(folder, { recursive: true, force: true })); // after the stop, which saves
  assert.deepEqual(await stateOf(second, '15550071'), before);
  alice.connect(second.socketUrl);
  await until(() => alice.opens === 2);
  await alice.sock.chatModify({ pin: false }, CHAT);
  await agree(second, '15550071', alice);
  assert.deepEqual((await stateOf(second, '15550071')).refused, []);
});

test('a device is told that it is dirty at each login, until it says that it is clean', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const jid = alice.creds.me?.id ?? '';
  const mark = (type: string) => server.post<{ dirty: string[] }>('/admin/dirty', { jid, type });
  const told: string[] = [];
  const listen = () =>
    alice.sock.ws.on('CB:ib,,dirty', ({ content }: BinaryNode) => {
      told.push((content as BinaryNode[])[0]?.attrs.type ?? '');
    });
  listen();
  // Baileys fetches its groups and says clean; the next bit it does not know, and leaves.
  await mark('groups');
  await until(async () => (await mark('syncd_app_state')).dirty.join() === 'syncd_app_state', {
    what: 'clean groups',
  });
  alice.sock.end(undefined);
  await until(() => alice.closes.length === 1);
  told.length = 0;
  alice.connect();
  listen();
  await until(() => told.length > 0, { what: 'the bit at the login' });
  assert.deepEqual(told, ['syncd_app_state']);
  const attrs = { to: '@s.whatsapp.net', type: 'set', xmlns: 'urn:xmpp:whatsapp:dirty' };
  const clean = (timestamp: number) =>
    alice.sock.query({
      tag: 'iq',
      attrs,
      content: [{ tag: 'clean', attrs: { type: 'syncd_app_state', timestamp: String(timestamp) } }],
    });
  await clean(1);
  assert.deepEqual((await mark('groups')).dirty.sort(), ['groups', 'syncd_app_state']);
  await clean(Math.ceil(Date.now() / 1000) + 60);
  assert.ok(!(await mark('account_sync')).dirty.includes('syncd_app_state'));
  await assert.rejects(server.post('/admin/dirty', { jid: 'nobody', type: 'groups' }), /404/);
});
