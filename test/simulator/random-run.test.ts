// The short form of `npm run simulator:soak`, whose 2,000 messages take about a minute of CPU. What clients lose is theirs:
// stock Baileys loses what is in its event buffer when a connection ends (reported there, not here). In a process of its
// own, because stock clients leave promises unhandled that would fail any test beside them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Report } from '../support/soak/run.ts';
import { ARMED, plan } from '../support/soak/schedule.ts';

const SEED = Number(process.env.SOAK_SEED ?? 5);
const SIZE = { messages: 250, devices: 10, groups: 3 } as const;

/** A failure tells the seed; SOAK_SEED plays it again. */
async function run(t: TestContext, flags: Record<string, number>, ...more: string[]): Promise<Report> {
  t.diagnostic(
    `seed ${SEED}: SOAK_SEED=${SEED} npm test -- random-run, or npm run simulator:soak -- --seed ${SEED}`,
  );
  const script = fileURLToPath(new URL('../../scripts/simulator-soak.js', import.meta.url));
  const args = Object.entries({ seed: SEED, ...flags }).flatMap(([flag, value]) => [
    `--${flag}`,
    String(value),
  ]);
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      ['--enable-source-maps', script, '--json', ...more, ...args],
      { maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        // It ends with 1 as well when the server broke its word, which the report says better.
        if (stdout.startsWith('{')) resolve(JSON.parse(stdout) as Report);
        else reject(new Error(`seed ${SEED}: ${stderr}`, { cause: error }));
      },
    );
    t.after(() => child.kill('SIGKILL'));
  });
}

test('the same seed plans the same sends, closes and restarts; another seed plans others', () => {
  const size = { ...SIZE, messages: 2_000 };
  assert.deepEqual(plan({ seed: 5, ...size }), plan({ seed: 5, ...size }));
  assert.notDeepEqual(plan({ seed: 5, ...size }).steps, plan({ seed: 6, ...size }).steps);
  const { steps, members } = plan({ seed: 5, ...size });
  const of = (kind: string) => steps.filter(step => step.do === kind).length;
  assert.equal(of('send'), 2_000);
  assert.ok(of('close') > 20 && of('restart') > 2);
  assert.ok(members.every(group => group.length >= 3));
});

test('among faults the server loses nothing, repeats nothing that was confirmed, and keeps the order', {
  timeout: 500_000,
}, async t => {
  const report = await run(t, SIZE);
  assert.deepEqual(report.serverFaults, [], `seed ${SEED}`);
  // In a run as short as this chance may spare one or the other, but not most.
  const struck = ARMED.filter(({ name }) => (report.faults[name] ?? 0) > 0);
  assert.ok(struck.length > ARMED.length / 2, `seed ${SEED}: only ${struck.map(({ name }) => name)} struck`);
  assert.ok(report.reconnects > SIZE.devices, `seed ${SEED}`);
  // Clients come back and ask again, so that nearly everything reaches a person.
  assert.ok(report.accepted > SIZE.messages * 0.9, `seed ${SEED}: ${report.accepted} accepted`);
  assert.ok(report.shown > report.copies * 0.9, `seed ${SEED}: ${report.shown} of ${report.copies} shown`);
});

test('a server that loses messages is found out', { timeout: 500_000 }, async t => {
  const report = await run(t, { messages: 60, devices: 4, groups: 1 }, '--lossy');
  const lost = report.faults['message.lost'] ?? 0;
  assert.ok(lost > 0);
  assert.ok(report.serverFaults.some(one => one.startsWith('acked-but-lost')));
});
