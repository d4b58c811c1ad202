import assert from 'node:assert/strict';
import test from 'node:test';
import type { BaileysEventMap, ChatModification, WAPatchName } from '@whiskeysockets/baileys';
import { until } from '../support/until.ts';
import { type Client, paired, type Server, simulator, tameClients } from './client.ts';
import { STRICT, twins } from './twins.ts';

tameClients();

/** The strictest that Baileys can be; it logs and skips what does not hold. */
const CHAT = '15550050@s.whatsapp.net';

interface PhoneState {
  keys: { id: string; current: boolean }[];
  collections: Record<WAPatchName, { version: number; ltHash: string; records: { index: string[] }[] }>;
  state: {
    pushName?: string;
    chats: Record<string, Record<string, unknown>>;
    starred: unknown[];
    deletedMessages: unknown[];
    contacts: Record<string, Record<string, string>>;
    labels: Record<string, { name: string; color: number; deleted: boolean }>;
    labelledMessages: unknown[];
    quickReplies: Record<string, unknown>;
    mutedStatuses: string[];
    settings: Record<string, unknown>;
  };
  refused: { collection: string; version: number; reason: string }[];
}

const stateOf = (server: Server, phone: string) => server.get<PhoneState>(`/admin/phones/${phone}/app-state`);

/** Every event of these kinds, with what it carried, as one list of JSON texts. */
function watched(client: Client): string[] {
  const seen: string[] = [];
  const kinds = [
    'chats.update',
    'chats.delete',
    'chats.lock',
    'messages.update',
    'messages.delete',
    'contacts.upsert',
    'labels.edit',
    'labels.association',
    'settings.update',
    'creds.update',
  ] as const satisfies (keyof BaileysEventMap)[];
  for (const kind of kinds) {
    client.sock.ev.on(kind, given => void seen.push(`${kind} ${JSON.stringify(given)}`));
  }
  return seen;
}

async function saw(seen: string[], kind: string, ...parts: string[]): Promise<string> {
  return until(
    () => seen.find(one => one.startsWith(`${kind} `) && parts.every(part => one.includes(part))),
    { what: `${kind} with ${parts.join(', ')} among ${seen.length} events` },
  );
}

async function hashOf(client: Client, name: WAPatchName): Promise<string> {
  const { [name]: state } = await client.sock.authState.keys.get('app-state-sync-version', [name]);
  return `${state?.version ?? 0} ${Buffer.from(state?.hash ?? []).toString('hex')}`;
}

const range = (id: string) => [
  { key: { remoteJid: CHAT, fromMe: false, id }, messageTimestamp: 1_700_000_000 },
];

test('what one companion changes about a chat, the other hears and the phone knows', async t => {
  const server = await simulator(t);
  const [alice, twin, phone] = await twins(t, server);
  const heard = watched(twin);
  const steps: [ChatModification, string, string[]][] = [
    [{ pin: true }, 'chats.update', ['"pinned":']],
    [{ mute: 4_000_000_000_000 }, 'chats.update', ['"muteEndTime":4000000000000']],
    [{ archive: true, lastMessages: range('M1') }, 'chats.update', ['"archived":true']],
    [{ markRead: false, lastMessages: range('M1') }, 'chats.update', ['"unreadCount":-1']],
    [
      { star: { messages: [{ id: 'M2', fromMe: true }], star: true } },
      'messages.update',
      ['"M2"', '"starred":true'],
    ],
    [
      { deleteForMe: { key: { id: 'M3', fromMe: false }, timestamp: 1_700_000_000, deleteMedia: false } },
      'messages.delete',
      ['"M3"'],
    ],
    [{ contact: { fullName: 'Dora Dias', firstName: 'Dora' } }, 'contacts.upsert', ['Dora Dias']],
    [{ addLabel: { id: '5', name: 'Urgent', color: 3 } }, 'labels.edit', ['Urgent']],
    [{ addChatLabel: { labelId: '5' } }, 'labels.association', ['"add"', CHAT]],
    [{ addMessageLabel: { labelId: '5', messageId: 'M4' } }, 'labels.association', ['"M4"']],
    [{ disableLinkPreviews: { isPreviewsDisabled: true } }, 'settings.update', ['disableLinkPreviews']],
    [{ pushNameSetting: 'Alice the Second' }, 'creds.update', ['Alice the Second']],
    [{ clear: true, lastMessages: range('M1') }, '', []],
  ];
  for (const [change, event, parts] of steps) {
    await alice.sock.chatModify(change, CHAT);
    if (event) await saw(heard, event, ...parts);
  }
  const { state, refused, collections } = await stateOf(server, phone);
  assert.deepEqual(refused, []);
  const chat = state.chats[CHAT];
  assert.deepEqual(
    { ...chat, pinnedAt: typeof chat?.pinnedAt },
    {
      pinned: true,
      pinnedAt: 'number',
      muted: true,
      mutedUntil: 4_000_000_000_000,
      archived: true,
      read: false,
      labels: ['5'],
      clearedAt: 1_700_000_000_000,
    },
  );
  assert.deepEqual(state.starred, [{ chat: CHAT, id: 'M2', fromMe: true }]);
  assert.deepEqual(state.deletedMessages, [{ chat: CHAT, id: 'M3', fromMe: false }]);
  assert.deepEqual(state.contacts[CHAT], { fullName: 'Dora Dias', firstName: 'Dora' });
  assert.deepEqual(state.labels['5'], { name: 'Urgent', color: 3, deleted: false });
  assert.deepEqual(state.labelledMessages, [{ label: '5', chat: CHAT, id: 'M4' }]);
  assert.equal(state.settings.linkPreviewsDisabled, true);
  assert.equal(state.pushName, 'Alice the Second');
  const [known] = (await server.get<{ phone: string; name: string }[]>('/admin/phones')).filter(
    one => one.phone === phone,
  );
  assert.equal(known?.name, 'Alice the Second');
  // The hash is a sum over everything that was ever written: equal in all three means that nobody missed anything.
  for (const name of Object.keys(collections) as WAPatchName[]) {
    const { version, ltHash } = collections[name];
    if (version === 0) continue;
    await until(async () => (await hashOf(alice, name)) === `${version} ${ltHash}`, {
      what: `${name}, writer`,
    });
    await until(async () => (await hashOf(twin, name)) === `${version} ${ltHash}`, {
      what: `${name}, reader`,
    });
  }
});

test('what is undone is undone everywhere', async t => {
  const server = await simulator(t);
  const [alice, twin, phone] = await twins(t, server);
  const heard = watched(twin);
  for (const change of [
    { pin: true },
    { addLabel: { id: '9', name: 'Old', color: 1 } },
    { addChatLabel: { labelId: '9' } },
    { contact: { fullName: 'Gone Soon' } },
  ] satisfies ChatModification[]) {
    await alice.sock.chatModify(change, CHAT);
  }
  await saw(heard, 'contacts.upsert', 'Gone Soon');
  for (const change of [
    { pin: false },
    { removeChatLabel: { labelId: '9' } },
    { addLabel: { id: '9', name: 'Old', color: 1, deleted: true } },
    { contact: null },
    { delete: true, lastMessages: range('M1') },
  ] satisfies ChatModification[]) {
    await twin.sock.chatModify(change, CHAT);
  }
  const { state, refused } = await stateOf(server, phone);
  assert.deepEqual(refused, []);
  assert.deepEqual(state.chats[CHAT], { pinned: false, deletedAt: 1_700_000_000_000 });
  assert.deepEqual(state.labels['9'], { name: 'Old', color: 1, deleted: true });
  assert.deepEqual(state.contacts, {});
});

test('what the person does on the phone reaches every companion, and verifies', async t => {
  const server = await simulator(t);
  const [alice, twin, phone] = await twins(t, server);
  const actions: [object, string, string[]][] = [
    [{ kind: 'pin', chat: CHAT }, 'chats.update', ['"pinned":']],
    [{ kind: 'mute', chat: CHAT, until: 4_000_000_000_000 }, 'chats.update', ['4000000000000']],
    [{ kind: 'archive', chat: CHAT }, 'chats.update', ['"archived":true']],
    [{ kind: 'lock', chat: CHAT }, 'chats.lock', ['"locked":true']],
    [{ kind: 'markRead', chat: CHAT, read: false }, 'chats.update', ['"unreadCount":-1']],
    [{ kind: 'star', chat: CHAT, id: 'S1', fromMe: true }, 'messages.update', ['"S1"']],
    [{ kind: 'deleteMessage', chat: CHAT, id: 'D1' }, 'messages.delete', ['"D1"']],
    [{ kind: 'contact', jid: CHAT, fullName: 'Rui Reis' }, 'contacts.upsert', ['Rui Reis']],
    [{ kind: 'label', id: '1', name: 'Paid', color: 7 }, 'labels.edit', ['Paid']],
    [{ kind: 'labelChat', label: '1', chat: CHAT }, 'labels.association', [CHAT]],
    [{ kind: 'labelMessage', label: '1', chat: CHAT, id: 'L1' }, 'labels.association', ['"L1"']],
    [{ kind: 'timeFormat', twentyFourHours: true }, 'settings.update', ['timeFormat']],
    [{ kind: 'unarchiveChats', unarchive: true }, 'creds.update', ['"unarchiveChats":true']],
    [{ kind: 'locale', locale: 'pt_BR' }, 'settings.update', ['pt_BR']],
    [{ kind: 'linkPreviews', disabled: true }, 'settings.update', ['disableLinkPreviews']],
    [{ kind: 'pushName', name: 'Chefe' }, 'creds.update', ['Chefe']],
    [{ kind: 'deleteChat', chat: CHAT }, 'chats.delete', [CHAT]],
  ];
  const both = [watched(alice), watched(twin)];
  for (const [action, event, parts] of actions) {
    await server.post(`/admin/phones/${phone}/app-state`, action);
    for (const heard of both) await saw(heard, event, ...parts);
  }
  const silent = [
    { kind: 'clearChat', chat: CHAT },
    { kind: 'quickReply', id: '1', shortcut: '/oi', message: 'Bom dia' },
    { kind: 'muteStatus', jid: CHAT },
    { kind: 'removeContact', jid: CHAT },
  ];
  const versions = await server.post<Record<WAPatchName, number>>(`/admin/phones/${phone}/app-state/batch`, {
    actions: silent,
  });
  const { collections, state } = await stateOf(server, phone);
  assert.deepEqual(state.quickReplies, { 1: { shortcut: '/oi', message: 'Bom dia' } });
  assert.deepEqual([state.mutedStatuses, state.contacts], [[CHAT], {}]);
  // Archived is not pinned any more, though it had been.
  assert.deepEqual([state.chats[CHAT]?.pinned, state.chats[CHAT]?.archived], [false, true]);
  for (const name of Object.keys(versions) as WAPatchName[]) {
    const wanted = `${versions[name]} ${collections[name].ltHash}`;
    for (const client of [alice, twin]) {
      await until(async () => (await hashOf(client, name)) === wanted, { what: name });
    }
  }
  await assert.rejects(
    server.post(`/admin/phones/${phone}/app-state`, { kind: 'removeContact', jid: CHAT }),
    /404/,
  );
  await assert.rejects(server.post(`/admin/phones/${phone}/app-state`, { kind: 'pin' }), /400.*chat/);
});

test('a client that is linked later finds the state there is, and hears when the phone takes another name', async t => {
  const server = await simulator(t);
  await server.post('/admin/phones', { phone: '15550061', name: 'Nina' });
  await server.post('/admin/phones/15550061/app-state', {
    kind: 'contact',
    jid: CHAT,
    fullName: 'From The Phone',
  });
  await server.post('/admin/phones', { phone: '15550050', name: 'Otto' });
  const contacts: string[] = [];
  const nina = await paired(t, server, '15550061', STRICT);
  nina.sock.ev.on('contacts.upsert', list => void contacts.push(...list.map(one => one.name ?? '')));
  await until(() => nina.creds.me?.name === 'Nina', { what: 'its own name' });
  await until(() => contacts.includes('From The Phone'), { what: 'the contact' });
  await until(() => nina.creds.accountSyncCounter > 0, { what: 'the first sync to end' });
  const { collections, keys } = await stateOf(server, '15550061');
  assert.equal(keys.length, 1);
  assert.equal(Buffer.from(nina.creds.myAppStateKeyId ?? '', 'base64').toString('hex'), keys[0]?.id);
  for (const name of ['critical_block', 'critical_unblock_low'] as const) {
    assert.equal(await hashOf(nina, name), `${collections[name].version} ${collections[name].ltHash}`);
  }
  // Every message of the phone carries its name, and Baileys takes that over too: first let all of them be read.
  await until(
    async () => {
      const { transfers } = await server.get<{ transfers: unknown[] }>('/admin/phones/15550061/history');
      return nina.received.length > transfers.length;
    },
    { what: 'the last message of the bootstrap' },
  );
  await server.post('/admin/phones', { phone: '15550061', name: 'Nina Nova' });
  await until(() => nina.creds.me?.name === 'Nina Nova', { what: 'the new name' });
});

test('a client that was away hears once of everything that it missed', async t => {
  const server = await simulator(t);
  const [alice, twin, phone] = await twins(t, server);
  twin.sock.end(undefined);
  const row = async () =>
    (await server.get<{ jid: string; connected: boolean; queued: number }[]>('/admin/devices')).find(
      one => one.jid === twin.creds.me?.id,
    );
  await until(async () => (await row())?.connected === false);
  for (const pinned of [true, false, true, false, true]) await alice.sock.chatModify({ pin: pinned }, CHAT);
  for (let index = 0; index < 5; index++) {
    await server.post(`/admin/phones/${phone}/app-state`, {
      kind: 'lock',
      chat: CHAT,
      locked: index % 2 > 0,
    });
  }
  assert.equal((await row())?.queued, 1);
  twin.connect();
  const heard = watched(twin);
  await saw(heard, 'chats.update', '"pinned":');
  const { collections } = await stateOf(server, phone);
  const { version, ltHash } = collections.regular_low;
  assert.equal(version, 10);
  await until(async () => (await hashOf(twin, 'regular_low')) === `10 ${ltHash}`, { what: 'the same state' });
});

test('whom a companion saves as a contact is in the address book of the phone, until it is removed', async t => {
  const server = await simulator(t);
  const [alice, , phone] = await twins(t, server);
  await server.post('/admin/phones', { phone: '15550050' });
  const book = async () =>
    (await server.get<{ contacts: string[] }>(`/admin/phones/${phone}/profile`)).contacts;
  await alice.sock.addOrEditContact(CHAT, { fullName: 'Eva' });
  assert.deepEqual(await book(), ['15550050']);
  await alice.sock.removeContact(CHAT);
  assert.deepEqual(await book(), []);
});

test('thousands of changes come in batches, and every one of them verifies', async t => {
  const server = await simulator(t);
  const [alice, , phone] = await twins(t, server);
  // One patch per label, since the same index twice does not go into one: 400 patches are 4 answers of 100.
  const actions = Array.from({ length: 400 }, (_, index) => ({
    kind: 'labelChat',
    label: '1',
    chat: CHAT,
    labeled: index % 2 === 0,
  }));
  const many = Array.from({ length: 3_000 }, (_, index) => ({
    kind: 'contact',
    jid: `1999000${String(index).padStart(4, '0')}@s.whatsapp.net`,
    fullName: `Person ${index}`,
  }));
  const versions = await server.post<Record<WAPatchName, number>>(`/admin/phones/${phone}/app-state/batch`, {
    actions: [...actions, ...many],
  });
  assert.deepEqual([versions.regular, versions.critical_unblock_low], [400, 12]);
  const { collections, state } = await stateOf(server, phone);
  assert.equal(Object.keys(state.contacts).length, 3_000);
  for (const name of ['regular', 'critical_unblock_low'] as const) {
    await alice.sock.resyncAppState([name], false);
    assert.equal(await hashOf(alice, name), `${versions[name]} ${collections[name].ltHash}`);
  }
});
