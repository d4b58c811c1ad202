// F19: PostgreSQL has committed, and the connection ends before its answer: nobody can know. What is tried again must not
// be there twice, and what was there must not be missing.
import { test } from 'node:test';
import { type CrashWorld, crashWorld } from '../support/crash-world.ts';
import { type FaultProxy, startProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';

/** The statements whose fate matters: whatever writes events, keys, and messages under way. */
const WRITES = /insert into (journal|signal_key|inbox|outgoing)|update outgoing/;
const ROUNDS = 6;

async function proxied(
  t: Parameters<typeof crashWorld>[0],
): Promise<{ world: CrashWorld; proxy: FaultProxy }> {
  let proxy!: FaultProxy;
  const world = await crashWorld(t, {
    async through(url) {
      proxy = await startProxy(t, url);
      return proxy.url;
    },
  });
  await world.open();
  return { world, proxy };
}

for (const when of ['after', 'before'] as const)
  test(`F19: a commit whose answer is lost (cut ${when} it is carried out) loses and doubles nothing`, async t => {
    const { world, proxy } = await proxied(t);
    const { control, devices, person } = world;
    const [device] = devices;
    for (let round = 1; round <= ROUNDS; round++) {
      const struck = proxy.cutAt({ statement: WRITES, when, nth: round });
      let cut = false;
      void struck.then(() => {
        cut = true;
      });
      for (let n = 1; !cut; n++) {
        await control.send(person, device?.phone ?? '', `round ${round}, text ${n}`);
        await world.send(device?.id ?? '', `round ${round}, answer ${n}`);
      }
      await until(
        async () => (await control.devices()).some(({ jid, connected }) => jid === device?.jid && connected),
        {
          within: 120_000,
          what: 'the device is back',
        },
      );
    }
    await world.judged();
  });
