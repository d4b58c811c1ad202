// Every operation of the API description, asked with right and wrong requests by chance, against a whole node with linked
// devices: nothing may break, hang, or be answered otherwise than the description says. FUZZ_SEED=<seed> asks one again.
// Two files ask 10,000 times each, side by side.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeds } from '../fuzz.ts';
import { startNode } from '../node.ts';
import { pick } from '../random.ts';
import type { ApiOperation } from './document.ts';
import { oddText } from './odd.ts';
import { shake } from './shake.ts';

const REQUESTS = 10_000;
const AT_ONCE = 16;
/** Without one the first key that is made closes the door. */
const KEY = 'the-key-of-the-fuzz';
const authorization = `Bearer ${KEY}`;
/** An answer may take as long as a command, and a bit. */
const COMMAND_SECONDS = 10;
const HANGS_AFTER = 30_000;

/** Devices that are asked nothing, asked everything that leaves them linked, and given up. */
const KEPT = ['device-0', 'device-1'];
const SHAKEN = ['device-2', 'device-3'];
const UNLINKED = Array.from({ length: 20 }, (_, n) => `unlinked-${n}`);
const GIVEN_UP = ['device-4', 'device-5', 'device-6', 'device-7', 'new', ...UNLINKED];

/** What takes a device away, or its connection. */
function spends({ method, path }: ApiOperation): boolean {
  return (
    /logout|reconnect|login|export|take-?back|import|qr\.png/.test(path) ||
    (method === 'delete' && path === '/devices/{device_id}')
  );
}

/** One half of the seeds; the only one is in both. */
function partOf(all: readonly number[], half: 0 | 1): readonly number[] {
  const middle = all.length >> 1;
  if (middle === 0) return all;
  return half === 0 ? all.slice(0, middle) : all.slice(middle);
}

/** Asks one half of the requests, the first or the second. */
export function fuzz(half: 0 | 1): void {
  test('no request breaks a node, hangs, or is answered otherwise than documented', {
    timeout: 280_000,
  }, async t => {
    const node = await startNode(t, {
      devices: 8,
      settings: { COMMAND_SECONDS: String(COMMAND_SECONDS), API_KEYS: KEY, RATE_LIMIT: '0', SEND_LIMIT: '0' },
    });
    await node.opened();
    const sendText = (device: string, phone: string, message: string) =>
      node.api<{ message_id: string }>(
        'POST',
        '/send/message',
        { phone, message },
        { authorization, 'X-Device-Id': device },
      );
    for (const device_id of UNLINKED) await node.api('POST', '/devices', { device_id }, { authorization });
    const { simulator, seeded } = node;
    const numbers = seeded.map(({ phone }) => phone);
    const own = numbers[2] ?? '';
    const people = (await simulator.createPhones(4)).map(({ phone }) => phone);
    const [friend = '', mate = ''] = people;
    const groups: { jid: string; inviteCode: string }[] = [];
    for (let n = 0; n < 6; n++)
      groups.push(
        await simulator.call('createGroup', {
          body: { by: n < 4 ? own : friend, subject: `Group ${n}`, members: n < 4 ? [friend, mate] : [mate] },
        }),
      );
    const channel = await simulator.call('createChannel', {
      params: { phone: friend },
      body: { name: 'Tides' },
    });
    const made = async (path: string, body: object, name: string) => {
      const { results = {} } = (
        await node.api<Record<string, unknown>>('POST', path, body, {
          authorization,
          'X-Device-Id': 'device-2',
        })
      ).body;
      return String(results[name]);
    };
    const community = await made('/community', { title: 'Reefs' }, 'community_id');
    const channels = [channel.jid, await made('/newsletter', { name: 'Ours' }, 'newsletter_id')];
    const label = await made('/label', { name: 'Regulars' }, 'label_id');
    const messages: string[] = [];
    for (let n = 0; n < 5; n++) {
      messages.push((await simulator.send(friend, own, `hello ${n}`)).id);
      messages.push((await sendText('device-2', friend, `hi ${n}`)).body.results?.message_id ?? '');
    }

    const jidOf = (phone: string) => `${phone}@s.whatsapp.net`;
    const person = (random: () => number) =>
      random() < 0.5 ? pick(random, people) : jidOf(pick(random, people));
    const kept = new Set(KEPT);
    const report = await shake({
      url: node.node.url,
      seeds: partOf(seeds(2 * REQUESTS), half),
      atOnce: AT_ONCE,
      within: HANGS_AFTER,
      authorization,
      device(operation, random) {
        if (spends(operation)) return pick(random, GIVEN_UP);
        const chance = random();
        if (chance < 0.8) return pick(random, SHAKEN);
        if (chance < 0.88) return pick(random, GIVEN_UP);
        if (chance < 0.92) return 'nobody';
        return chance < 0.96 ? Buffer.from(oddText(random)).toString() : undefined;
      },
      hints(name, operation, random) {
        const joins = /join-with-link|info-from-link/.test(operation.path);
        const group = () => {
          if (operation.path.endsWith('/leave')) return groups[3]?.jid ?? '';
          return pick(random, groups.slice(joins ? 4 : 0, joins ? 6 : 3)).jid;
        };
        switch (name) {
          case 'device_id':
          case 'X-Device-Id':
            return pick(random, spends(operation) ? GIVEN_UP : SHAKEN);
          case 'phone':
          case 'caller_jid':
          case 'participants':
          case 'mentions':
          case 'contact_phone':
            return random() < 0.2 && name === 'phone' ? group() : person(random);
          case 'chat_jid':
            return random() < 0.3 ? group() : jidOf(pick(random, people));
          case 'group_id':
            return group();
          case 'newsletter_id':
            return pick(random, channels);
          case 'community_id':
            return community;
          case 'label_id':
            return label;
          case 'link':
            return `https://chat.whatsapp.com/${pick(random, groups.slice(4)).inviteCode}`;
          case 'message_id':
          case 'reply_message_id':
            return pick(random, messages);
          case 'Idempotency-Key':
            return Math.floor(random() * 1e12)
              .toString(36)
              .padStart(8, '0');
          case 'webhook_url':
            return 'http://127.0.0.1:9/hook';
          default:
            return undefined;
        }
      },
    });

    t.diagnostic(
      `${report.requests} requests: ${[...report.statuses]
        .sort()
        .map(([status, n]) => `${n} x ${status}`)
        .join(', ')}`,
    );
    t.diagnostic(
      [...report.codes]
        .sort(([, a], [, b]) => b - a)
        .map(([code, n]) => `${n} x ${code}`)
        .join(', '),
    );
    const never = [...report.operations].filter(([, { succeeded }]) => succeeded === 0).map(([id]) => id);
    t.diagnostic(`never with success: ${never.join(', ')}`);
    // Otherwise it shakes only the checks at the door.
    if (report.requests >= REQUESTS) assert.ok(never.length < report.operations.size / 2, never.join(', '));
    assert.deepEqual(report.failures, []);
    assert.deepEqual(node.fatal, []);
    assert.deepEqual(
      node.node.supervisor.shards().map(({ restarts }) => restarts),
      node.node.supervisor.shards().map(() => 0),
    );
    // Whoever was not asked has heard nothing of it.
    await node.opened([...kept]);
    for (const id of kept) {
      const { body } = await sendText(id, friend, `still here: ${id}`);
      const arrived = await simulator.waitForMessage(friend, ({ id }) => id === body.results?.message_id);
      assert.equal(arrived.text, `still here: ${id}`);
    }
    assert.equal(await (await fetch(new URL('/health', node.node.url))).text(), 'OK');
  });
}
