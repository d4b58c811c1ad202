// What makes the product pass each failpoint, and what a crash there must leave behind, beyond what the oracle asks.
import assert from 'node:assert/strict';
import type { Failpoint } from '../../src/lib/failpoint.ts';
import type { CrashWorld } from '../support/crash-world.ts';
import { until } from '../support/until.ts';

export interface Scenario {
  /** The row of docs/reliability.md that it is for. */
  readonly fault?: string;
  /** How often the point is passed before the process dies there; 1 unless given. */
  readonly pass?: number;
  /** The database is empty at first. */
  readonly empty?: true;
  /** The process passes the point while it starts: there is nothing to do. */
  readonly atStart?: true;
  /** Makes the product pass the point; it may die under it. */
  readonly drive: (world: CrashWorld) => Promise<unknown>;
  /** After the next start, before the oracle. */
  readonly afterwards?: (world: CrashWorld) => Promise<unknown>;
}

const texts = async ({ control, person, devices }: CrashWorld, count: number) => {
  for (let n = 1; n <= count; n++)
    await control.send(person, devices[0]?.phone ?? '', `text ${n}`).catch(() => {});
};
const receive = (world: CrashWorld) => texts(world, 3);
const deviceOf = ({ devices }: CrashWorld) => devices[0]?.id ?? '';
const send = (world: CrashWorld) => world.send(deviceOf(world), 'sent once');
const shownAt = async ({ control, person }: CrashWorld) =>
  (await control.messages(person)).filter(({ text }) => text === 'sent once');

/** It was on its way when the process died: it goes on, under the id that it had. */
const arrives = (world: CrashWorld) =>
  until(async () => (await shownAt(world)).length === 1, { what: 'the message is there, once' });

const stateOf = async ({ product }: CrashWorld, id: string) => {
  const { body } = await product.calls.api<{ device_id: string; state: string }[]>('GET', '/device/list');
  return (body.results ?? []).find(({ device_id }) => device_id === id)?.state;
};

/** Somebody pairs a new device with a phone of its own. */
const pair = async ({ product, control }: CrashWorld) => {
  const { body } = await product.calls.api<{ qr: string }>('POST', '/device/login', { device_id: 'new' });
  await control.scan(body.results?.qr ?? '', '15557777');
};

export const scenarios: Readonly<Record<Failpoint, Scenario>> = {
  'recv.before_commit': { fault: 'F1', pass: 2, drive: receive },
  'recv.after_commit': { fault: 'F2', pass: 2, drive: receive },
  'recv.in_mapping': { pass: 2, drive: receive },
  'recv.after_ack': { fault: 'F3', pass: 2, drive: receive },
  'recv.after_journal': { pass: 2, drive: receive },
  'send.before_row': {
    drive: send,
    afterwards: async world => assert.deepEqual(await shownAt(world), [], 'nothing of it was there'),
  },
  'send.after_row': { drive: send, afterwards: arrives },
  'send.after_commit': { fault: 'F6', drive: send, afterwards: arrives },
  'send.after_memory': {
    drive: world => world.send(deviceOf(world), 'sent once', world.group),
    afterwards: arrives,
  },
  'send.after_wire': { fault: 'F7', drive: send, afterwards: arrives },
  'send.after_ack': { drive: send, afterwards: arrives },
  'prekeys.after_store': {
    fault: 'F9',
    // The server says that there are none left, twice: the second upload must not go back to an id of the first.
    async drive({ control, devices }) {
      await control.arm('prekeys.exhausted', { when: { count: 2 }, params: { bundles: false } });
      await control.disconnect('restart', { jid: devices[0]?.jid ?? '' });
    },
    async afterwards({ control, devices }) {
      const { jid = '' } = devices[0] ?? {};
      const { armed } = await control.faults();
      assert.equal(armed.find(({ name }) => name === 'prekeys.exhausted')?.fired, 2);
      await control.disconnect('restart', { jid });
      await until(async () => (await control.devices()).some(one => one.jid === jid && one.connected));
    },
  },
  'pair.before_store': {
    drive: pair,
    async afterwards(world) {
      // The phone knows a device that we know nothing of: as if it had never been paired.
      assert.equal(await stateOf(world, 'new'), 'unlinked');
      await pair(world);
      await until(async () => (await stateOf(world, 'new')) === 'open');
    },
  },
  'pair.after_store': {
    drive: pair,
    afterwards: world => until(async () => (await stateOf(world, 'new')) === 'open'),
  },
  'unlink.before_store': {
    async drive({ control, devices }) {
      await control.unlink(devices[0]?.phone ?? '');
    },
    // It learns again what it could not store.
    afterwards: world => until(async () => (await stateOf(world, deviceOf(world))) === 'unlinked'),
  },
  'deliver.before_post': { pass: 2, drive: receive },
  'deliver.after_post': { pass: 2, drive: receive },
  'deliver.before_checkpoint': { drive: receive },
  'deliver.after_checkpoint': { drive: receive },
  'endpoint.after_change': {
    drive: world => changeWebhook(world).catch(() => {}),
    async afterwards(world) {
      const path = `/devices/${deviceOf(world)}/webhook`;
      const { body } = await world.product.calls.api<Record<string, unknown>>('GET', path);
      assert.match(
        JSON.stringify(body.results),
        /hook\?own/,
        'the change was durable before it was answered',
      );
    },
  },
  'device.after_create': {
    drive: ({ product }) => product.calls.api('POST', '/devices', { device_id: 'new' }).catch(() => {}),
    afterwards: async world => assert.equal(await stateOf(world, 'new'), 'unlinked'),
  },
  'device.before_remove': {
    drive: world => remove(world).catch(() => {}),
    async afterwards(world) {
      await until(async () => (await stateOf(world, deviceOf(world))) === 'unlinked');
      assert.equal((await remove(world)).status, 200);
      assert.equal(await stateOf(world, deviceOf(world)), undefined);
    },
  },
  'migrate.before_file': { fault: 'F55', empty: true, atStart: true, drive: async () => {} },
  'migrate.after_file': { fault: 'F55', empty: true, atStart: true, drive: async () => {} },
  'start.after_claim': { atStart: true, drive: async () => {}, afterwards: receive },
  'stop.after_drain': {
    async drive(world) {
      await receive(world);
      await world.product.end('SIGTERM');
    },
  },
};

function changeWebhook(world: CrashWorld) {
  const { product, hook } = world;
  return product.calls.api('PATCH', `/devices/${deviceOf(world)}/webhook`, {
    webhook_url: `${hook.url}?own`,
  });
}

function remove(world: CrashWorld) {
  return world.product.calls.api('DELETE', `/devices/${deviceOf(world)}`);
}
