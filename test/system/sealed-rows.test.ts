// F54 and S47: a sealed row that was changed, or that is another device's.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { signalKinds } from '../../src/store/signal-keys.ts';
import { startNode } from '../support/node.ts';
import { receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';

const SESSION = signalKinds.session;

test('sessions that were changed or swapped are moved aside and made anew: both sides read what is sent', async t => {
  const hook = await receiver(t);
  const node = await startNode(t, { devices: 2, settings: { WEBHOOK_URL: hook.url } });
  await node.opened();
  const [a, b] = node.seeded;
  const { phone } = await node.simulator.createPhone({ name: 'Carla' });
  const hears = (who: string, text: string) =>
    until(async () => (await node.simulator.messages(who)).some(message => message.text === text), {
      what: `${text} at ${who}`,
    });
  const told = (id: string, text: string) =>
    until(() => hook.requests.some(({ body }) => body.includes(`"${id}"`) && body.includes(text)), {
      what: `${text} told by ${id}`,
    });
  const talk = async (round: string) => {
    for (const { id, phone: number } of [a!, b!]) {
      assert.equal((await node.sendText(id, phone, `${round} from ${id}`)).status, 200);
      await hears(phone, `${round} from ${id}`);
      await node.simulator.send(phone, number, `${round} to ${id}`);
      await told(id, `${round} to ${id}`);
    }
  };
  await talk('before');

  await node.stop();
  const rows = await node.sql<{ no: number; count: number }[]>`
    select device_no as no, count(*)::int from signal_key where kind = ${SESSION} group by 1 order by 1`;
  assert.deepEqual(
    rows.map(({ count }) => count > 0),
    [true, true],
  );
  // All of the first device are changed by one bit; those that both have with the same peer become the other's.
  await node.sql`
    update signal_key k set value = other.value
      from signal_key other
     where k.kind = ${SESSION} and other.kind = k.kind and other.id = k.id and other.device_no <> k.device_no`;
  await node.sql`
    update signal_key set value = set_byte(value, 40, get_byte(value, 40) # 1)
     where kind = ${SESSION} and device_no = ${rows[0]!.no}`;
  await node.start();
  await node.opened();
  await talk('after');
  const aside = await node.sql<{ no: number; source: string }[]>`
    select distinct device_no as no, source from quarantined_row where kind = ${SESSION} order by 1`;
  assert.deepEqual(
    [...aside],
    rows.map(({ no }) => ({ no, source: 'signal_key' })),
  );
  assert.deepEqual(node.fatal, []);
});

test('a device whose credentials were changed or swapped is stopped and says why; the others run; nothing is deleted', async t => {
  const node = await startNode(t, { devices: 4 });
  await node.opened();
  const [changed, one, other, sound] = node.seeded;
  await node.stop();
  await node.sql`
    update credentials set value = set_byte(value, 50, get_byte(value, 50) # 1)
     where device_no = (select no from device where id = ${changed!.id})`;
  await node.sql`
    update credentials c set value = o.value from credentials o, device d, device e
     where d.id = any(${[one!.id, other!.id]}::text[]) and e.id = any(${[one!.id, other!.id]}::text[])
       and d.no <> e.no and c.device_no = d.no and o.device_no = e.no`;
  const stored = () => node.sql`
    select c.* from credentials c join device d on d.no = c.device_no where d.id <> ${sound!.id} order by 1`;
  const before = await stored();
  await node.start();
  await node.opened([sound!.id]);
  for (const { id } of [changed!, one!, other!]) {
    await until(() => node.device(id).phase === 'stopped', { what: `${id} stopped` });
    assert.match(node.device(id).reason ?? '', /its stored credentials cannot be read/);
    const refused = await node.sendText(id, sound!.phone, 'no');
    assert.deepEqual([refused.status, refused.body.code], [409, 'DEVICE_STOPPED']);
  }
  assert.deepEqual(await stored(), before);
  // Put right, it runs.
  await node.stop();
  await node.sql`
    update credentials set value = set_byte(value, 50, get_byte(value, 50) # 1)
     where device_no = (select no from device where id = ${changed!.id})`;
  await node.start();
  await node.opened([sound!.id, changed!.id]);
});

test('a stanza in the inbox that does not open is moved aside, and the device goes on', async t => {
  const node = await startNode(t, { devices: 1 });
  await node.opened();
  const { id } = node.seeded[0]!;
  await node.stop();
  await node.sql`
    insert into inbox (device_no, hash, stanza, plaintext)
    select no, ${randomBytes(20)}, ${randomBytes(200)}, ${randomBytes(90)} from device`;
  await node.start();
  await node.opened([id]);
  await until(async () => (await node.sql`select from inbox`).count === 0);
  const aside = await node.sql<{ source: string }[]>`select source from quarantined_row order by source`;
  assert.deepEqual(
    aside.map(({ source }) => source),
    ['inbox.plaintext', 'inbox.stanza'],
  );
});
