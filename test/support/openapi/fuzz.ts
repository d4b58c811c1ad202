// Every operation of the API description, asked with right and wrong requests by chance, against a whole node with linked
// devices: nothing may break, hang, or be answered otherwise than the description says, and every operation must succeed
// at times. FUZZ_SEED=<seed> asks one again. Two files ask 10,000 times each.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seeds } from '../fuzz.ts';
import { startNode, type TestNode } from '../node.ts';
import * as samples from '../samples.ts';
import { type Fleet, makeGuide } from './guide.ts';
import { makePlace } from './place.ts';
import { type Asked, type Shaken, shake } from './shake.ts';

const REQUESTS = 10_000;
const AT_ONCE = 16;
/** Without one the first key that is made closes the door. */
const KEY = 'the-key-of-the-fuzz';
const authorization = `Bearer ${KEY}`;
const PASSPHRASE = 'long enough to be one';
/** An answer may take as long as a command; a hang takes for ever, and nobody is one because the machine is slow. */
const COMMAND_SECONDS = 10;
const HANGS_AFTER = 120_000;

/** What cannot succeed here, and why. */
const NEVER: Readonly<Record<string, string>> = {
  appPasskeyResponse: 'Baileys knows no passkeys',
  appPasskeyConfirm: 'Baileys knows no passkeys',
  dropDeadLetter: 'no event is given up within hours',
  replayDeadLetters: 'the same',
};

const numbered = (name: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `${name}-${from + n}`);

const KEPT = numbered('device', 0, 1);
const SHAKEN = numbered('device', 2, 3);
const ARCHIVED = numbered('device', 13, 15);
const UNLINKED = numbered('unlinked', 0, 19);
const DEVICES = 16;

const reserved: Fleet['reserved'] = {
  appLogout: ['device-4'],
  logout: ['device-5'],
  logoutDevice: ['device-6'],
  removeDevice: ['device-7', ...numbered('unlinked', 10, 13)],
  appReconnect: ['device-8'],
  reconnectDevice: ['device-8'],
  exportDevice: ['device-9'],
  takeDeviceBack: ['device-9'],
  importDevice: [],
  appLogin: ['unlinked-0'],
  loginDevice: ['unlinked-0'],
  qrPicture: ['unlinked-0'],
  login: ['unlinked-1'],
  appLoginWithCode: ['unlinked-2'],
  loginDeviceWithCode: ['unlinked-2'],
};
const GIVEN_UP = [...numbered('device', 10, 12), ...numbered('unlinked', 14, 19)];

/** One half of the seeds; the only one is in both. */
function partOf(all: readonly number[], half: 0 | 1): readonly number[] {
  const middle = all.length >> 1;
  if (middle === 0) return all;
  return half === 0 ? all.slice(0, middle) : all.slice(middle);
}

/** Asks one half of the requests, the first or the second. */
export function fuzz(half: 0 | 1): void {
  test('no request breaks a node, hangs, or is answered otherwise than documented; and each operation succeeds at times', {
    timeout: 900_000,
  }, async t => {
    const node = await startNode(t, {
      devices: DEVICES,
      settings: {
        COMMAND_SECONDS: String(COMMAND_SECONDS),
        API_KEYS: KEY,
        RATE_LIMIT: '0',
        SEND_LIMIT: '0',
        WEBHOOK_ALLOW: '127.0.0.1',
      },
    });
    await node.opened();
    const guide = makeGuide(await belongings(node));
    const report = await shake({
      url: node.node.url,
      guide,
      seeds: partOf(seeds(2 * REQUESTS), half),
      atOnce: AT_ONCE,
      within: HANGS_AFTER,
      authorization,
    });
    tell(t, report);
    const { operations, requests, failures } = report;
    assert.deepEqual(failures, []);
    assert.deepEqual(node.fatal, []);
    assert.deepEqual(
      node.node.supervisor.shards().map(({ restarts }) => restarts),
      node.node.supervisor.shards().map(() => 0),
    );
    // Otherwise it shakes only the checks at the door.
    if (requests >= REQUESTS) {
      const never = [...operations].filter(([, { succeeded }]) => succeeded === 0).map(([id]) => id);
      assert.deepEqual(never.sort(), Object.keys(NEVER).sort());
    }
    await untouched(node);
  });
}

async function belongings(node: TestNode) {
  const { api, seeded } = node;
  for (const device_id of UNLINKED) await api('POST', '/devices', { device_id }, { authorization });
  const places = SHAKEN.map(async id => {
    const device = seeded.find(one => one.id === id);
    if (!device) throw new Error(`no ${id}`);
    return makePlace(node, device, authorization);
  });
  const archives = ARCHIVED.map(async id => {
    const headers = { authorization, 'X-Archive-Passphrase': PASSPHRASE };
    const response = await fetch(new URL(`/devices/${id}/export`, node.node.url), { headers });
    assert.equal(response.status, 200);
    const archive = new Uint8Array(await response.arrayBuffer());
    // An account is in one installation once.
    assert.equal((await api('DELETE', `/devices/${id}`, undefined, { authorization })).status, 200);
    return archive;
  });
  const webhookOf = async (device_id: string) => {
    const fields = { device_id, url: 'http://127.0.0.1:9/hook' };
    const { body } = await api<{ webhook_id: string }>('POST', '/webhooks', fields, { authorization });
    return body.results!.webhook_id;
  };
  const fixture = (name: string) =>
    readFile(fileURLToPath(new URL(`../../../../test/fixtures/media/${name}`, import.meta.url)));
  return {
    fleet: {
      shaken: await Promise.all(places),
      givenUp: GIVEN_UP,
      reserved: Object.fromEntries(
        Object.entries(reserved).map(([id, some]) => [id, some.length > 0 ? some : GIVEN_UP]),
      ),
    },
    passphrase: PASSPHRASE,
    archives: await Promise.all(archives),
    webhooks: await Promise.all(SHAKEN.map(webhookOf)),
    samples: {
      picture: await samples.png({ width: 40, height: 30 }),
      film: await fixture('film.mp4'),
      sound: await fixture('voice.ogg'),
    },
  };
}

/** Whoever was not asked has heard nothing of it. */
async function untouched(node: TestNode): Promise<void> {
  const { simulator } = node;
  const { phone } = await simulator.createPhone();
  await node.opened(KEPT);
  for (const id of KEPT) {
    const { body } = await node.api<{ message_id: string }>(
      'POST',
      '/send/message',
      { phone, message: `still here: ${id}` },
      { authorization, 'X-Device-Id': id },
    );
    const arrived = await simulator.waitForMessage(phone, ({ id }) => id === body.results?.message_id);
    assert.equal(arrived.text, `still here: ${id}`);
  }
  assert.equal(await (await fetch(new URL('/health', node.node.url))).text(), 'OK');
}

function tell(t: TestContext, { requests, statuses, codes, operations }: Shaken): void {
  const counts = (map: ReadonlyMap<unknown, number>) =>
    [...map]
      .sort(([, a], [, b]) => b - a)
      .map(([what, n]) => `${n} x ${what}`)
      .join(', ');
  t.diagnostic(`${requests} requests: ${counts(statuses)}`);
  t.diagnostic(counts(codes));
  const mean = ({ took, asked }: Asked) => Math.round(took / asked);
  const slowest = [...operations].sort(([, a], [, b]) => b.took - a.took).slice(0, 15);
  t.diagnostic(`longest: ${slowest.map(([id, one]) => `${id} ${one.asked} x ${mean(one)} ms`).join(', ')}`);
  const seldom = [...operations].filter(([, { succeeded }]) => succeeded < 4);
  for (const [id, { asked, succeeded, refusals }] of seldom)
    t.diagnostic(`${id}: ${succeeded} of ${asked}; right ones refused: ${counts(refusals)}`);
}
