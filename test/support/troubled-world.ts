// A crash world whose way to PostgreSQL can fail, and what tests of that ask of it.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type CrashWorld, type CrashWorldOptions, crashWorld } from './crash-world.ts';
import type { Asked } from './oracle/evidence.ts';
import { type FaultProxy, startProxy } from './proxy.ts';
import type { Seeded } from './seed.ts';
import { until } from './until.ts';

/** Long enough for a machine that does something else. */
const PATIENTLY = { within: 90_000 };

/** A message that a person has sent to a device. */
export interface Written {
  readonly id: string;
  readonly to: Seeded;
}

export async function troubled(
  t: TestContext,
  { proxy: given, ...options }: CrashWorldOptions & { readonly proxy?: FaultProxy },
) {
  let proxy = given as FaultProxy;
  const world = await crashWorld(t, {
    ...options,
    async through(url) {
      proxy ??= await startProxy(t, url);
      return proxy.url;
    },
  });
  await world.open();
  return { world, proxy, ...asks(world) };
}

function asks(world: CrashWorld) {
  const { control, devices, person, product } = world;
  const connected = async () => {
    const ours = new Set(devices.map(({ jid }) => jid));
    return (await control.devices()).filter(one => ours.has(one.jid) && one.connected).length;
  };
  /** A text of the person for each device; resolves when WhatsApp has them. */
  const writeAll = (text: string): Promise<Written[]> =>
    Promise.all(devices.map(async to => ({ id: (await control.send(person, to.phone, text)).id, to })));
  /** A text to each device and one from each, at the same time; resolves with what the product said to the latter. */
  const exchange = async (text: string): Promise<Asked[]> => {
    const [answers] = await Promise.all([
      Promise.all(devices.map(({ id }) => world.send(id, `${text}, from ${id}`))),
      writeAll(text),
    ]);
    return answers;
  };
  return {
    writeAll,
    exchange,
    allOpen: () => until(async () => (await connected()) === devices.length, PATIENTLY),
    allClosed: () => until(async () => (await connected()) === 0, PATIENTLY),
    /** It lives, and says that it cannot serve. */
    async unready() {
      await until(async () => (await product.calls.api('GET', '/ready')).status === 503, PATIENTLY);
      const url = new URL('/health', product.url);
      assert.equal((await fetch(url)).status, 200);
    },
    /** Sends and changes are refused with 503, and with the seconds after which to try again. */
    async refused() {
      const { api } = product.calls;
      const sends = devices.map(({ id }) =>
        api('POST', '/send/message', { phone: person, message: 'refused' }, { 'X-Device-Id': id }),
      );
      for (const { status, headers } of await Promise.all([
        ...sends,
        api('POST', '/devices', { device_id: 'new' }),
      ])) {
        assert.equal(status, 503);
        assert.ok(Number(headers.get('retry-after')) > 0);
      }
    },
    /** None of them has a receipt of its device. */
    async unreceipted(written: readonly Written[]) {
      for (const { id, to } of written) {
        const { devices: copies } = await control.call('ledgerMessage', { params: { id } });
        assert.deepEqual(copies[to.jid]?.receipts ?? [], []);
      }
    },
    /** Texts both ways, one after the other, until the end. */
    traffic() {
      let over = false;
      let rounds = 0;
      const run = (async () => {
        while (!over) {
          await exchange(`round ${rounds + 1}`);
          rounds++;
        }
      })();
      run.catch(() => {});
      return {
        async more(count: number) {
          const enough = rounds + count;
          await until(() => rounds >= enough, PATIENTLY);
        },
        async end() {
          over = true;
          await run;
        },
      };
    },
  };
}
