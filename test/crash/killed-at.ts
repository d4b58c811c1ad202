// F1 to F3, F6, F7, F9, F55 and their like: the process dies at each failpoint, is started again on the same database, and
// the oracle finds nothing. docs/failpoints.md says between which steps each point is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failpoint } from '../../src/lib/failpoint.ts';
import { crashWorld } from '../support/crash-world.ts';
import { until } from '../support/until.ts';
import { scenarios } from './scenarios.ts';

/** A test for each of these failpoints. */
export function killedAt(points: readonly Failpoint[]): void {
  for (const point of points) {
    const { fault, pass = 1, empty, atStart, drive, afterwards } = scenarios[point];
    test(`${fault ? `${fault}: ` : ''}killed at ${point}, it loses, repeats and reuses nothing`, async t => {
      const world = await crashWorld(t, { migrated: !empty });
      const { product } = world;
      const rule = `${point}:kill@${pass}`;
      if (atStart) product.start(rule);
      else await world.open(rule);
      await drive(world);
      await until(() => !product.running, { what: `it dies at ${point}` });
      const [run] = product.runs;
      assert.equal(run?.ended, 'SIGKILL');
      assert.deepEqual(run?.complaints, [`failpoint ${point}: kill at pass ${pass}`]);

      await world.open();
      await afterwards?.(world);
      await world.judged();
    });
  }
}
