// S46: what somebody learns who stole a dump of the database. Every secret that a run makes is looked for, in every form.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferJSON } from '@whiskeysockets/baileys';
import { KeyRing } from '../../src/lib/key-ring.ts';
import { Seal } from '../../src/lib/seal.ts';
import type { Sql } from '../../src/store/database.ts';
import { DeviceSeals } from '../../src/store/device-seals.ts';
import { readDeviceState } from '../../src/store/device-state.ts';
import { listDevices } from '../../src/store/devices.ts';
import { places } from '../../src/store/places.ts';
import { dumpCells } from '../support/dump.ts';
import { TEST_KEY, TEST_KEYS } from '../support/keys.ts';
import { startNode } from '../support/node.ts';
import { receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';

const API_KEY = 'the-key-of-the-house';
const OWN_SECRET = 'a-secret-of-its-own-webhook';
const MADE_SECRET = 'a-secret-of-a-webhook-that-was-made';
const HEADER = 'a-token-that-only-the-receiver-knows';
const key = { authorization: `Bearer ${API_KEY}` };

test('a dump after a whole run has no key, no secret and no text in it, in any form', async t => {
  const [hook, own, made] = [await receiver(t), await receiver(t), await receiver(t)];
  const node = await startNode(t, {
    workers: 1,
    settings: { WEBHOOK_URL: hook.url, API_KEYS: API_KEY, WEBHOOK_ALLOW: '127.0.0.1' },
  });
  const call = <T>(method: string, path: string, body?: unknown, device?: string) =>
    node.api<T>(method, path, body, { ...key, ...(device && { 'x-device-id': device }) });
  const { body } = await call<{ qr: string }>('POST', '/device/login', { device_id: 'sales' });
  const { phone: number } = await node.simulator.scan(body.results?.qr ?? '');
  await node.opened(['sales']);
  await call('PATCH', '/devices/sales/webhook', { webhook_url: own.url, webhook_secret: OWN_SECRET });
  // Of one device and of all: they are sealed with different keys.
  for (const device_id of ['sales', undefined]) {
    const fields = { url: made.url, secret: MADE_SECRET, headers: { 'X-Token': HEADER }, device_id };
    assert.equal((await call('POST', '/webhooks', fields)).status, 200);
  }
  await call('POST', '/devices', { device_id: 'idle' });

  const { phone } = await node.simulator.createPhone({ name: 'Carla-em-segredo' });
  const texts: string[] = [];
  const text = (what: string) => {
    const said = `${what} ${texts.length}: segredo-de-estado`;
    texts.push(said);
    return said;
  };
  const send = async (to: string, message: string) =>
    assert.equal((await call('POST', '/send/message', { phone: to, message }, 'sales')).status, 200);
  for (let n = 0; n < 3; n++) {
    await send(phone, text('sent'));
    await node.simulator.send(phone, number, text('received'));
  }
  const group = await node.simulator.call('createGroup', {
    body: { by: phone, subject: 'Coro-secreto', members: [number] },
  });
  await send(group.jid, text('sent to a group'));
  await node.simulator.send(phone, group.jid, text('received in a group'));
  const caption = text('caption');
  await node.simulator.sendMedia(phone, { to: number, kind: 'image', generate: 2_000, caption });
  const options = [text('option'), text('option')];
  const poll = { name: text('poll'), options, selectable: 1 };
  const params = { phone };
  const { id } = await node.simulator.call('send', { params, body: { to: number, poll } });
  await node.simulator.call('send', {
    params,
    body: { to: number, vote: { poll: id, options: [options[0]!] } },
  });
  const received = texts.filter(said => !said.startsWith('sent'));
  await until(async () => (await node.sql`select from chat_answer`).length === 1, { what: 'the vote' });
  await until(() => received.every(said => own.requests.some(request => request.body.includes(said))), {
    what: 'everything told',
  });
  await until(() => made.requests.length > 0, { what: 'the made ones were told' });
  assert.equal(made.requests[0]!.headers['x-token'], HEADER);
  // A receiver that is away: what it is owed stays in the journal, and one that cannot be sent stays queued.
  await call('PATCH', '/devices/sales/webhook', {
    webhook_url: 'http://127.0.0.1:9/',
    webhook_secret: OWN_SECRET,
  });
  await node.simulator.send(phone, number, text('received and not delivered'));
  await until(async () => {
    const [row] = await node.sql<[{ owed: boolean }]>`
      select bool_or(l.cursor < d.last_seq) as owed from lane l join device d on d.no = l.device_no`;
    return row.owed;
  });
  await node.stop();
  await leftOver(node.sql, text('left in the inbox'));

  const secrets = await secretsOf(node.sql);
  for (const kind of ['pre-key', 'session', 'sender-key', 'noiseKey', 'signedIdentityKey', 'advSecretKey'])
    assert.ok(
      [...secrets.keys()].some(name => name.startsWith(kind)),
      `a ${kind} was looked for`,
    );
  secrets.set('the installation key', TEST_KEY);
  secrets.set('the installation key as text', Buffer.from(TEST_KEYS));
  secrets.set('the API key', Buffer.from(API_KEY));
  secrets.set('the secret of a webhook', Buffer.from(OWN_SECRET));
  secrets.set('the secret of a webhook that was made', Buffer.from(MADE_SECRET));
  secrets.set('a header of a webhook', Buffer.from(HEADER));
  for (const name of ['Carla-em-segredo', 'Coro-secreto']) secrets.set(`name "${name}"`, Buffer.from(name));
  for (const said of texts) secrets.set(`text "${said}"`, Buffer.from(said));

  const cells = await dumpCells(node.sql);
  assert.ok(cells.length > 1_000);
  const found = new Set<string>();
  const hay = cells.map(({ column, value }) => ({ column, bytes: everyForm(value) }));
  for (const [name, secret] of secrets)
    for (const needle of forms(secret))
      for (const { column, bytes } of hay) if (bytes.includes(needle)) found.add(`${name} in ${column}`);
  assert.deepEqual([...found], []);
});

/** A secret as it may have been written: as it is, in hex, in base64 of both alphabets, as a list of numbers. */
function forms(secret: Buffer): Buffer[] {
  const base64 = secret.toString('base64').replace(/=+$/, '');
  return [
    secret,
    Buffer.from(secret.toString('hex')),
    Buffer.from(base64),
    Buffer.from(base64.replaceAll('+', '-').replaceAll('/', '_')),
    Buffer.from([...secret].join()),
  ];
}

/** A value with what it says when it is base64. */
function everyForm(value: string | Buffer): Buffer {
  if (typeof value !== 'string') return value;
  return Buffer.concat([Buffer.from(value), Buffer.from(value, 'base64')]);
}

/** Every key of the devices as the owner of the installation key reads it. */
async function secretsOf(sql: Sql): Promise<Map<string, Buffer>> {
  const ring = new KeyRing([TEST_KEY]);
  const seals = new DeviceSeals(sql, ring);
  const secrets = new Map<string, Buffer>();
  const [setting] = await sql<[{ value: string }]>`select value from setting where name = 'webhook_secret'`;
  secrets.set('webhook secret', ring.open('setting/webhook_secret', Buffer.from(setting.value, 'base64')));
  for (const row of await listDevices(sql)) {
    const own = seals.keyOf(row);
    secrets.set(`key of ${row.id}`, own);
    if (row.state !== 'linked') continue;
    const state = await readDeviceState(sql, row.no, new Seal(own), place => assert.fail(place));
    const credentials = JSON.parse(state.credentials.toString(), BufferJSON.reviver) as Record<
      string,
      unknown
    >;
    for (const name of ['noiseKey', 'signedIdentityKey', 'pairingEphemeralKeyPair'] as const)
      secrets.set(name, Buffer.from((credentials[name] as { private: Uint8Array }).private));
    secrets.set('advSecretKey', Buffer.from(credentials.advSecretKey as string, 'base64'));
    for (const { kind, id, value } of state.keys) {
      if (kind === 'pre-key') secrets.set(`pre-key ${id}`, value.subarray(-32));
      // Any 24 bytes of a record: a seal that was left off would show them as they are.
      if (kind === 'session' || kind === 'sender-key')
        for (let at = 0; at + 24 <= value.length; at += 200)
          secrets.set(`${kind} ${id} at ${at}`, value.subarray(at, at + 24));
      if (kind === 'app-state-sync-key') secrets.set(`app-state-sync-key ${id}`, value.subarray(0, 24));
    }
  }
  return secrets;
}

/** What a process leaves that was killed between the receipt and the journal, sealed as it seals it. */
async function leftOver(sql: Sql, said: string): Promise<void> {
  const [row] = await listDevices(sql);
  const seal = new Seal(new DeviceSeals(sql, new KeyRing([TEST_KEY])).keyOf(row!));
  const hash = Buffer.alloc(20, 7);
  await sql`
    insert into inbox (device_no, hash, stanza, plaintext)
    values (${row!.no}, ${hash}, ${seal.seal(places.stanza(row!.no, hash), Buffer.from(said))},
            ${seal.seal(places.plaintext(row!.no, hash), Buffer.from(said))})`;
}
