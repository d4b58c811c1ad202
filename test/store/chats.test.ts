// The chat store, as a shard writes it: each message once, each person once, and nothing from whoever does not own the device.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Seal } from '../../src/lib/seal.ts';
import { forgetMessages } from '../../src/store/chats/retention.ts';
import type { ChatRows, MessageRow } from '../../src/store/chats/rows.ts';
import { ChatWriter } from '../../src/store/chats/writer.ts';
import type { Sql } from '../../src/store/database.ts';
import { claimDevices, createDevice } from '../../src/store/devices.ts';
import { testDatabase } from '../support/database.ts';

const PN = '15550001@s.whatsapp.net';
const LID = '77001@lid';
const GROUP = '120363000000000001@g.us';
const nothing: ChatRows = {
  pairs: [],
  messages: [],
  changes: [],
  reactions: [],
  answers: [],
  patches: [],
  contacts: [],
  ends: [],
  keep: true,
};
const seal = new Seal(new Uint8Array(32));
const content = (text: string) => ({
  said: seal.seal('said', Buffer.from(text)),
  message: seal.seal('message', Buffer.from(text)),
  grams: [],
});
const message = (id: string, given: Partial<MessageRow> = {}): MessageRow => ({
  chat: { jid: PN },
  id,
  sender: '',
  fromMe: false,
  at: new Date(1_700_000_000_000),
  kind: 'text',
  content: content(id),
  status: 0,
  starred: false,
  live: true,
  ...given,
});

async function store(sql: Sql) {
  const owner = randomUUID();
  const device = await createDevice(sql, 'sales', owner);
  const writer = new ChatWriter({ sql, owner });
  const write = (rows: Partial<ChatRows>, by = writer, epoch = device.epoch) =>
    by.write([{ deviceNo: device.no, epoch, rows: { ...nothing, ...rows } }]);
  const chats = () =>
    sql<{ no: number; jid: string; unread: number; lastId: string; names: string[] }[]>`
      select c.no, c.jid, c.unread, c.last_id as "lastId",
             array(select a.jid from chat_address a where a.chat_no = c.no order by a.jid) as names
        from chat c where device_no = ${device.no} order by c.jid`;
  const messages = () =>
    sql<{ id: string; chat: string; sender: string; fromMe: boolean; text: Buffer | null; status: number }[]>`
      select m.id, c.jid as chat, m.sender, m.from_me as "fromMe", m.said as text, m.status
        from chat_message m join chat c on c.no = m.chat_no
       where m.device_no = ${device.no} order by m.at, m.id, m.sender, m.from_me`;
  return { owner, device, writer, write, chats, messages };
}

test('a message is there once, however often and in whatever company it is written', async t => {
  const { sql } = await testDatabase(t);
  const { write, chats, messages } = await store(sql);
  const later = { at: new Date(1_700_000_001_000) };
  await write({ messages: [message('A'), message('A'), message('B', later)] });
  await write({ messages: [message('B', later), message('A')] });
  await write({ messages: [message('A', { fromMe: true })] });
  await write({
    messages: ['one@lid', 'two@lid'].map(sender => message('A', { chat: { jid: GROUP }, sender })),
  });
  assert.deepEqual(
    (await messages()).map(({ id, chat, sender, fromMe }) => [id, chat, sender, fromMe]),
    [
      ['A', PN, '', false],
      ['A', PN, '', true],
      ['A', GROUP, 'one@lid', false],
      ['A', GROUP, 'two@lid', false],
      ['B', PN, '', false],
    ],
  );
  const [group, person] = (await chats()).sort((a, b) => (a.jid < b.jid ? -1 : 1));
  assert.deepEqual([group?.unread, person?.unread, person?.lastId], [2, 2, 'B']);
});

test('two chats of one person become one when the number of the LID becomes known', async t => {
  const { sql } = await testDatabase(t);
  const { write, chats, messages, writer, device } = await store(sql);
  const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000);
  await write({
    messages: [
      message('by number', { at: at(1) }),
      message('twice', { at: at(2) }),
      message('by LID', { chat: { jid: LID }, at: at(3) }),
      message('twice', { chat: { jid: LID }, at: at(2) }),
      message('in group', { chat: { jid: GROUP }, sender: LID, at: at(4) }),
      message('in group twice', { chat: { jid: GROUP }, sender: LID, at: at(5) }),
      message('in group twice', { chat: { jid: GROUP }, sender: PN, at: at(5) }),
    ],
    contacts: [{ jid: LID, pushName: Buffer.from('Ana') }],
  });
  assert.equal((await chats()).length, 3);
  await write({ pairs: [{ pn: PN, lid: LID }] });
  assert.deepEqual(
    (await messages()).map(({ id, chat, sender }) => [id, chat, sender]),
    [
      ['by number', PN, ''],
      ['twice', PN, ''],
      ['by LID', PN, ''],
      ['in group', GROUP, PN],
      ['in group twice', GROUP, PN],
    ],
  );
  const person = (await chats()).find(({ jid }) => jid === PN);
  assert.deepEqual(
    [person?.names, person?.lastId, person?.unread],
    [[PN, LID].sort(), 'by LID', 4],
    'it is reached by both names, and knows its newest message',
  );
  const contacts = await sql<{ jid: string; lid: string }[]>`select jid, lid from contact`;
  assert.deepEqual([...contacts], [{ jid: PN, lid: LID }]);

  // Whichever name a message comes under from now on; also for a writer that remembers nothing.
  await write({ messages: [message('C', { chat: { jid: PN, also: LID }, at: at(6) })] });
  const another = new ChatWriter({
    sql,
    owner: (await sql<{ owner: string }[]>`select owner from device`)[0]!.owner,
  });
  await another.write([
    {
      deviceNo: device.no,
      epoch: device.epoch,
      rows: { ...nothing, messages: [message('D', { chat: { jid: LID }, at: at(7) })] },
    },
  ]);
  void writer;
  assert.equal((await chats()).length, 2);
});

test('a chat that was known by its LID alone gets its number, and the other way round', async t => {
  const { sql } = await testDatabase(t);
  const { write, chats } = await store(sql);
  await write({ messages: [message('A', { chat: { jid: LID } })] });
  await write({ messages: [message('B', { chat: { jid: PN, also: LID } })] });
  assert.deepEqual(
    (await chats()).map(({ jid, names }) => [jid, names]),
    [[PN, [PN, LID].sort()]],
  );
});

test('whoever does not own the device writes nothing', async t => {
  const { sql } = await testDatabase(t);
  const { write, chats, messages, device } = await store(sql);
  await write({ messages: [message('A')] });
  const other = new ChatWriter({ sql, owner: randomUUID() });
  await write({ messages: [message('B')] }, other);
  await claimDevices(sql, randomUUID());
  await write({
    messages: [message('C')],
    pairs: [{ pn: PN, lid: LID }],
    changes: [{ chat: { jid: PN }, id: 'A', gone: true }],
    contacts: [{ jid: PN, name: Buffer.from('x') }],
    ends: [{ chat: { jid: PN }, keep: false }],
  });
  assert.deepEqual(
    (await messages()).map(({ id }) => id),
    ['A'],
  );
  assert.deepEqual((await chats())[0]?.names, [PN]);
  assert.equal((await sql`select from contact`).length, 0);
  assert.ok(device.no > 0);
});

test('what became of messages: edited and revoked by their author, marked when another revokes, starred, removed', async t => {
  const { sql } = await testDatabase(t);
  const { write, messages } = await store(sql);
  const chat = { jid: GROUP };
  const said = (id: string) => message(id, { chat, sender: PN });
  await write({ messages: ['edited', 'revoked', 'by another', 'gone', 'starred'].map(said) });
  const edit = (text: string, seconds: number) => ({
    chat,
    id: 'edited',
    group: true,
    fromMe: false,
    sender: PN,
    edited: { ...content(text), at: new Date(1_700_000_000_000 + seconds * 1000) },
  });
  const revokedAt = new Date();
  await write({
    changes: [
      edit('newest', 20),
      { ...edit('forged', 30), sender: 'other@lid' },
      { chat, id: 'revoked', group: true, fromMe: false, sender: PN, revokedAt },
      { chat, id: 'by another', group: true, fromMe: false, sender: 'other@lid', revokedAt },
      { chat, id: 'gone', fromMe: false, gone: true },
      { chat, id: 'starred', starred: true },
      { chat, id: 'starred', fromMe: false, status: 4 },
    ],
  });
  await write({ changes: [edit('late', 10)], messages: [said('edited'), said('revoked')] });
  const texts = (await messages()).map(({ id, text, status }) => [
    id,
    text && seal.open('said', text).toString(),
    status,
  ]);
  assert.deepEqual(texts, [
    ['by another', 'by another', 0],
    ['edited', 'newest', 0],
    ['revoked', null, 0],
    ['starred', 'starred', 4],
  ]);
  const [marked] = await sql`select revoked_at from chat_message where id = 'by another'`;
  assert.ok(marked?.revoked_at);
  const [starred] = await sql`select starred from chat_message where id = 'starred'`;
  assert.equal(starred?.starred, true);
});

test('a chat that the account removes is gone with what was said, and made anew by the next message', async t => {
  const { sql } = await testDatabase(t);
  const { write, chats, messages } = await store(sql);
  const reaction = { chat: { jid: PN }, messageId: 'A', sender: '', fromMe: true, at: new Date() };
  await write({
    messages: [message('A'), message('B', { chat: { jid: GROUP } })],
    reactions: [{ ...reaction, emoji: Buffer.from('x') }],
  });
  await write({
    ends: [
      { chat: { jid: PN }, keep: false },
      { chat: { jid: GROUP }, keep: true },
    ],
  });
  assert.deepEqual(
    (await chats()).map(({ jid, unread }) => [jid, unread]),
    [[GROUP, 0]],
  );
  assert.equal((await messages()).length, 0);
  await write({ messages: [message('C')] });
  assert.deepEqual(
    (await messages()).map(({ id, chat }) => [id, chat]),
    [['C', PN]],
  );
});

test('without messages to keep the chats still know their newest one', async t => {
  const { sql } = await testDatabase(t);
  const { write, chats, messages } = await store(sql);
  await write({ messages: [message('A')], keep: false });
  assert.equal((await messages()).length, 0);
  assert.equal((await chats())[0]?.lastId, 'A');
});

test('messages that are older than the days of their device are forgotten, in parts, and their chats stay', async t => {
  const { sql } = await testDatabase(t);
  const { write, chats, messages, device } = await store(sql);
  const day = 24 * 3_600_000;
  const aged = (id: string, days: number) => message(id, { at: new Date(Date.now() - days * day) });
  const emoji = Buffer.from('x');
  await write({
    messages: [aged('1', 1), aged('40', 40), aged('50', 50), aged('60', 60)],
    reactions: [{ chat: { jid: PN }, messageId: '60', sender: '', fromMe: true, emoji, at: new Date() }],
  });
  assert.equal(await forgetMessages(sql, undefined, 10), 0, 'for ever');
  assert.equal(await forgetMessages(sql, 30, 2), 2);
  assert.deepEqual(
    (await messages()).map(({ id }) => id),
    ['40', '1'],
    'the oldest go first',
  );
  assert.equal((await sql`select from chat_reaction`).length, 0);
  assert.equal(await forgetMessages(sql, 30, 2), 1);
  await sql`update device set chat_retention_days = 0 where no = ${device.no}`;
  assert.equal(
    await forgetMessages(sql, undefined, 10),
    1,
    "the device's own days come before the installation's",
  );
  assert.deepEqual(
    (await chats()).map(({ jid, lastId }) => [jid, lastId]),
    [[PN, '1']],
  );
});

test('of a chat what is told changes, and the rest stays', async t => {
  const { sql } = await testDatabase(t);
  const { write } = await store(sql);
  const chat = { jid: PN };
  const time = new Date('2030-01-01T00:00:00Z');
  const told = async () => {
    const [row] = await sql`select archived, pinned_at, muted_until, ephemeral, unread from chat`;
    return { ...row };
  };
  await write({
    patches: [{ chat, archived: false, pinnedAt: time, mutedUntil: time, ephemeral: 60, unread: 3 }],
  });
  const all = { archived: false, pinned_at: time, muted_until: time, ephemeral: 60, unread: 3 };
  assert.deepEqual(await told(), all);
  await write({
    patches: [
      { chat, archived: true },
      { chat, pinnedAt: null },
    ],
  });
  assert.deepEqual(await told(), { ...all, archived: true, pinned_at: null });
  await write({
    messages: ['A', 'B', 'C'].map((id, n) =>
      message(id, { at: new Date(1_700_000_000_000 + n * 1000), live: false }),
    ),
    patches: [{ chat, readUpTo: 'B' }],
  });
  assert.equal((await told()).unread, 1, 'what came after it is unread still');
  await write({ patches: [{ chat, unread: -1 }] });
  await write({ messages: [message('D')] });
  assert.equal((await told()).unread, 1);
});
