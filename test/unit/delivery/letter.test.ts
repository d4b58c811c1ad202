import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { EVENT_BYTES, letterOf, type Shape } from '../../../src/delivery/letter.ts';
import { signer } from '../../../src/delivery/sign.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const shape = (change: Partial<Shape> = {}): Shape => ({
  ...{ payload: 'fat', headers: {}, sign: signer(secret) },
  ...change,
});
const told = (id: string, payload: unknown) => ({
  id,
  body: JSON.stringify({
    ...{ id, event: 'message', device_id: 'a', session_id: 'sa,"payload":les', seq: 7, timestamp: 't' },
    payload,
  }),
});
const full = {
  ...{ id: '3EB0', chat_id: '1@s.whatsapp.net', from: '2@s.whatsapp.net', is_from_me: false },
  ...{ body: 'text,"payload":{}', from_name: 'Ann' },
};

test('one event leaves byte for byte as the journal has it, signed, with the endpoint’s own headers', () => {
  const event = told('evt_1', full);
  const { headers, body } = letterOf(shape({ headers: { 'x-team': 'sales' } }), [event], Date.now());
  assert.equal(body, event.body);
  assert.equal(headers['x-team'], 'sales');
  assert.equal(headers['webhook-id'], 'evt_1');
  assert.equal(headers['webhook-replay'], undefined);
  new Webhook(secret).verify(body, { ...headers });
});

test('a thin event has the ids of what it is about and where the rest is, and is signed as it is sent', () => {
  const { headers, body } = letterOf(shape({ payload: 'thin' }), [told('evt_2', full)], Date.now());
  assert.deepEqual(JSON.parse(body), {
    ...{
      id: 'evt_2',
      event: 'message',
      device_id: 'a',
      session_id: 'sa,"payload":les',
      seq: 7,
      timestamp: 't',
    },
    payload: {
      ...{ id: '3EB0', chat_id: '1@s.whatsapp.net', from: '2@s.whatsapp.net', is_from_me: false },
      href: '/events/evt_2',
    },
  });
  new Webhook(secret).verify(body, { ...headers });
});

test('a thin event without any of these, and one whose payload is lost, have where it is', () => {
  for (const [id, payload] of [
    ['evt_3', { state: 'linked' }],
    ['evt_4', null],
  ] as const) {
    const { body } = letterOf(shape({ payload: 'thin' }), [told(id, payload)], 0);
    assert.deepEqual(JSON.parse(body).payload, { href: `/events/${id}` });
  }
});

test('two events under one id are never told as the other', () => {
  const bodies = ['a', 'b'].map(
    from => letterOf(shape({ payload: 'thin' }), [told('evt_5', { from })], 0).body,
  );
  assert.deepEqual(
    bodies.map(body => JSON.parse(body).payload.from),
    ['a', 'b'],
  );
});

test('an event of more than 256 KiB is told without what is in it, one of exactly so many is told whole', () => {
  const empty = Buffer.byteLength(told('evt_6', { body: '' }).body);
  const whole = told('evt_6', { body: 'x'.repeat(EVENT_BYTES - empty) });
  assert.equal(letterOf(shape(), [whole], 0).body, whole.body);
  const over = told('evt_6', { body: 'x'.repeat(EVENT_BYTES - empty + 1) });
  assert.deepEqual(JSON.parse(letterOf(shape(), [over], 0).body).payload, {
    truncated: true,
    href: '/events/evt_6',
  });
  const wide = told('evt_6', { body: '🐟'.repeat(EVENT_BYTES / 4) });
  assert.equal(JSON.parse(letterOf(shape(), [wide], 0).body).payload.truncated, true);
});

test('several events are one batch under an id that tells which they are', () => {
  const events = ['evt_7', 'evt_8', 'evt_9'].map(id => told(id, { id }));
  const { headers, body } = letterOf(shape(), events, Date.now());
  assert.deepEqual(JSON.parse(body), {
    ...{ id: 'bat_evt_7_3', event: 'batch' },
    events: events.map(event => JSON.parse(event.body)),
  });
  assert.equal(headers['webhook-id'], 'bat_evt_7_3');
  new Webhook(secret).verify(body, { ...headers });
});

test('a replayed event says so, and no header of the endpoint can say otherwise', () => {
  const own = { 'webhook-replay': '0', 'webhook-id': 'x' };
  const { headers } = letterOf(shape({ headers: own }), [told('evt_10', {})], 0, { replay: true });
  assert.equal(headers['webhook-replay'], '1');
  assert.equal(headers['webhook-id'], 'evt_10');
});

test('endpoints with the same secrets share a signer, and its signature of an event within one second', () => {
  const again = signer(secret);
  const { headers } = letterOf(shape(), [told('evt_11', full)], 5_000);
  assert.equal(again, signer(secret));
  assert.notEqual(again, signer(secret, 'older'));
  assert.deepEqual(letterOf(shape({ sign: again }), [told('evt_11', full)], 5_999).headers, headers);
  assert.notDeepEqual(letterOf(shape({ sign: again }), [told('evt_11', full)], 6_000).headers, headers);
  assert.notDeepEqual(
    letterOf(shape({ sign: again }), [told('evt_11', { ...full, body: 'b' })], 5_000).headers,
    headers,
  );
});

test('S27: neither the id of an event nor of a batch has a dot, nor has the time', () => {
  const events = ['evt_bXjPz0cKq3rT5vWy8AaBcDeF', 'evt_-_'].map(id => told(id, {}));
  for (const list of [events, events.slice(0, 1)]) {
    const { headers } = letterOf(shape(), list, 1_614_265_330_999);
    assert.match(String(headers['webhook-id']), /^[\w-]+$/);
    assert.equal(headers['webhook-timestamp'], '1614265330');
  }
});
