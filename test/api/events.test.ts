// GET /events and GET /events/{id}: the journal in pages, and who may read what of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearer } from '../support/keys-api.ts';
import { streamsServer } from '../support/streams.ts';

interface Event {
  readonly id: string;
  readonly event: string;
  readonly seq: number;
  readonly session_id: string;
  readonly payload: { readonly body: string };
}
interface Page {
  readonly events: readonly Event[];
  readonly next: string;
  readonly more: boolean;
}

const range = (count: number, from = 1) => Array.from({ length: count }, (_, n) => String(n + from));

test('events are read in pages, of one device or of all, by their names, and one by its id', async t => {
  const { device, write, get, made } = await streamsServer(t);
  const { key } = await made({ scopes: ['read'] });
  const page = async (query: string) => {
    const answer = await get(`/events${query}`, bearer(key));
    assert.equal(answer.status, 200, answer.message);
    return answer.results as unknown as Page;
  };
  const [a, b] = [await device('a'), await device('b')];
  await write(a, range(5));
  await write(b, ['b1']);
  const [ack] = await write(a, ['read'], { event: 'message.ack' });

  const first = await page('?device_id=a&limit=4');
  assert.deepEqual(
    first.events.map(({ seq, payload, session_id }) => [seq, payload.body, session_id]),
    range(4).map(text => [Number(text), text, 'a']),
  );
  assert.deepEqual([first.next, first.more], ['4', true]);
  const second = await page(`?device_id=a&limit=4&after=${first.next}`);
  assert.deepEqual([second.events.map(({ seq }) => seq), second.next, second.more], [[5, 6], '6', false]);
  assert.deepEqual(await page('?device_id=a&after=6'), { events: [], next: '6', more: false });

  const all: Event[] = [];
  for (let query = '?limit=3', more = true; more; ) {
    const part = await page(query);
    all.push(...part.events);
    query = `?limit=3&after=${part.next}`;
    more = part.more;
  }
  assert.deepEqual(
    all.map(({ session_id, seq }) => `${session_id}${seq}`),
    ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'a6'],
  );
  const acks = await page('?types=message.ack,PRESENCE');
  assert.deepEqual(
    acks.events.map(({ id }) => id),
    [ack],
  );
  const one = await get(`/events/${ack}`, bearer(key));
  assert.deepEqual(one.results, acks.events[0]);
});

test('S43: what can link a phone is only read by who names it and may link devices', async t => {
  const { device, write, get, made } = await streamsServer(t);
  const { key } = await made({ scopes: ['read', 'devices'] });
  const reads = await made({ scopes: ['read'] });
  const a = await device('a');
  const [qr] = await write(a, ['qr'], { event: 'device.qr' });
  await write(a, ['text']);
  const names = async (query: string) =>
    ((await get(`/events${query}`, bearer(key))).results as unknown as Page).events.map(({ event }) => event);
  for (const query of ['', '?device_id=a', '?types=*', '?types=message'])
    assert.deepEqual(await names(query), ['message'], query);
  assert.deepEqual(await names('?types=device.qr'), ['device.qr']);
  assert.deepEqual(await names('?types=*,device.qr'), ['device.qr', 'message']);
  for (const path of [
    '/events?types=device.qr',
    '/events?types=*,Device.QR',
    '/events/stream?types=device.qr',
  ]) {
    const { code, results } = await get(path, bearer(reads.key));
    assert.deepEqual([code, results], ['FORBIDDEN', { scope: 'devices' }], path);
  }
  assert.equal((await get(`/events/${qr}`, bearer(reads.key))).code, 'EVENT_NOT_FOUND');
  assert.equal((await get(`/events/${qr}`, bearer(key))).code, 'SUCCESS');
});

test('a key reads the events of its devices and no others, whatever cursor and id it shows', async t => {
  const { device, write, get, made, post } = await streamsServer(t);
  const [a, b] = [await device('a'), await device('b')];
  const [other] = await write(b, range(3));
  const [own] = await write(a, ['mine']);
  const { key } = await made({ scopes: ['read'], devices: ['a'] });
  const everything = await made({ scopes: ['read'] });
  const ask = (path: string, by = key) => get(path, bearer(by));
  const ids = async (path: string) =>
    ((await ask(path)).results as unknown as Page).events.map(({ id }) => id);
  assert.deepEqual(await ids('/events'), [own]);
  const { next } = (await ask('/events?limit=1', everything.key)).results as unknown as Page;
  assert.deepEqual(await ids(`/events?after=${next}`), [own], "another key's cursor says where, not what");
  assert.equal((await ask('/events?device_id=b')).code, 'DEVICE_NOT_FOUND');
  assert.equal((await ask(`/events/${other}`)).code, 'EVENT_NOT_FOUND');
  assert.equal((await ask(`/events/${own}`)).code, 'SUCCESS');
  assert.equal((await ask(`/events/evt_${'0'.repeat(24)}`)).code, 'EVENT_NOT_FOUND');
  const writes = await made({ scopes: ['send'] });
  assert.equal((await ask('/events', writes.key)).code, 'FORBIDDEN');
  assert.equal((await post('/events', {}, bearer(key))).code, 'METHOD_NOT_ALLOWED');
});

test("S59: a cursor that is none, is too large, or is ahead of what there is, is refused with the field's name", async t => {
  const { device, write, get, made, url } = await streamsServer(t);
  const { key } = await made({ scopes: ['read'] });
  const [a, b] = [await device('a'), await device('b')];
  await write(a, range(50));
  await write(b, ['one']);
  const wrong = [
    ...['?after=1', '?after=-1.0', '?after=x.y', '?after=1.2.3', "?after=1'%20or%201=1"],
    `?after=${'9'.repeat(21)}.1`,
    `?after=1.${'9'.repeat(19)}`,
    '?after=18446744073709551615.1',
    '?after=99999999.1',
    ...['?device_id=a&after=-1', '?device_id=a&after=51', '?device_id=a&after=1.1', '?device_id=a&after=1e1'],
    `?device_id=a&after=${'9'.repeat(16)}`,
    `?device_id=a&after=${'9'.repeat(60)}`,
    '?device_id=b&after=50', // another device's
  ];
  for (const query of wrong) {
    const answer = await get(`/events${query}`, bearer(key));
    assert.deepEqual([answer.status, answer.results], [400, { field: 'after' }], query);
    const stream = await fetch(`${url}/events/stream${query}`, { headers: bearer(key) });
    assert.equal(stream.status, 400, query);
    await stream.body?.cancel();
  }
  for (const id of ['-1', '9'.repeat(5_000), '1.1'])
    assert.equal(
      (await fetch(`${url}/events/stream?device_id=a`, { headers: { ...bearer(key), 'last-event-id': id } }))
        .status,
      400,
    );
  for (const query of ['?types=everything', '?limit=0', '?limit=501', '?limit=x'])
    assert.equal((await get(`/events${query}`, bearer(key))).status, 400, query);
});

test('F47: what is not kept any more is told as such, with the cursor that what is kept comes after', async t => {
  const { device, write, get, made, sql, url } = await streamsServer(t);
  const { key } = await made({ scopes: ['read'] });
  const a = await device('a');
  const [gone] = await write(a, range(5));
  await write(a, range(2, 6));
  await sql`
    update device d set expired_seq = j.seq, expired_xid = j.xid, expired_pos = j.pos from journal j
     where j.device_no = d.no and j.seq = 5`;
  await sql`delete from journal where seq <= 5`;
  const ask = (query: string) => get(`/events${query}`, bearer(key));
  const seqs = async (query: string) =>
    ((await ask(query)).results as unknown as Page).events.map(({ seq }) => seq);
  for (const [query, own] of [
    ['?', '0.1'],
    ['?device_id=a&', '4'],
  ] as const) {
    const expired = await ask(`${query}after=${own}`);
    assert.deepEqual([expired.status, expired.code], [410, 'EVENTS_EXPIRED']);
    const stream = await fetch(`${url}/events/stream${query}after=${own}`, { headers: bearer(key) });
    assert.equal(stream.status, 410);
    const { results } = (await stream.json()) as { results: { earliest: string } };
    assert.deepEqual(results, expired.results);
    assert.deepEqual(await seqs(`${query}after=${results.earliest}`), [6, 7]);
    assert.deepEqual(await seqs(query), [6, 7], 'who asks for the beginning gets what there is');
  }
  assert.deepEqual(
    [(await get(`/events/${gone}`, bearer(key))).status, (await get(`/events/${gone}`, bearer(key))).code],
    [410, 'EVENTS_EXPIRED'],
  );
});

test('an event whose payload was taken out says so, and one that does not open is told without it', async t => {
  const { device, write, get, made, sql } = await streamsServer(t);
  const { key } = await made({ scopes: ['read'] });
  await write(await device('a'), range(2));
  await sql`update journal set payload = '' where seq = 1`;
  await sql`update journal set payload = '\\x00' where seq = 2`;
  const { events } = (await get('/events', bearer(key))).results as unknown as Page;
  assert.deepEqual(
    events.map(({ payload }) => payload),
    [{ removed: true }, null],
  );
});
