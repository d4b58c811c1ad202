// A receiver that was written for gowa hears of everything that gowa would have told it, in the words that it knows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';
import { anOrdinaryDay } from './traffic.ts';
import { gowaReceiver } from './written-for-gowa.ts';

/** As in gowa's page on webhooks. */
const SECRET = 'your-secret-key';

test('a receiver that was written for gowa works unchanged', async t => {
  const receiver = await gowaReceiver(SECRET);
  t.after(() => receiver.close());
  // By gowa's names, as in the environment of who moves here.
  const settings = { WHATSAPP_WEBHOOK: receiver.url, WHATSAPP_WEBHOOK_SECRET: SECRET };
  const node = await startNode(t, { devices: 2, workers: 1, settings });
  await node.opened();
  const day = await anOrdinaryDay(node, 3);
  const { ann } = day;
  const [{ phone: own }] = node.seeded as [(typeof node.seeded)[0]];
  const from = `${ann}@s.whatsapp.net in ${ann}@s.whatsapp.net`;
  const bob = `${day.bob}@s.whatsapp.net`;

  const lines: readonly (string | RegExp)[] = [
    ...day.texts.map(({ id, text }) => `received ${id} ${from}: "${text}"`),
    `received ${day.reply} ${from}: "and that?" to ${day.reacted} "${day.texts[0]?.text}"`,
    `${from} reacted 👍 to ${day.reacted}`,
    `${from} edited ${day.edited}: "second version"`,
    `${from} revoked ${day.revoked} true ${ann}@s.whatsapp.net`,
    /: place -23\.5\d* -46\.\d+$/,
    /: contact Bob BEGIN:VCARD$/,
    new RegExp(`^received ${day.picture} \\S+ in \\S+: image https?://\\S+ "look"$`),
    new RegExp(`^${day.sent} delivered by ${ann}\\S+ in ${ann}\\S+ \\(.+\\)$`),
    new RegExp(`^${day.sent} read by ${ann}\\S+ in ${ann}\\S+ \\(.+\\)$`),
    `added to ${day.group}`,
    ...['join', 'promote', 'leave'].map(type => `${bob} ${type} ${day.group}`),
    new RegExp(`^received \\S+ ${bob} in ${day.group}: "hello, all of you"$`),
    `call ${day.call} from ${ann}@s.whatsapp.net`,
  ];
  await until(() => {
    for (const wanted of lines)
      assert.ok(
        receiver.log.some(line => (typeof wanted === 'string' ? line === wanted : wanted.test(line))),
        `${wanted} in\n${receiver.log.join('\n')}`,
      );
    return true;
  });
  assert.deepEqual(
    receiver.log.filter(line => line.startsWith('CRASH')),
    [],
  );
  assert.equal(receiver.refused, 0);
  assert.ok(own !== '' && receiver.others.has('device.state'), 'what gowa has not is passed over');
});
