// `npm run bench:routes`: what each route costs this process over the work that it stands for. A good request to each is
// recorded on a whole node (real devices, a simulated WhatsApp, a database), with what the API's ports answered; then only
// the HTTP server is left, its ports answer from the tape, and each request comes again over a socket from another process.
// What is counted is CPU, not time: all of it that this process takes from the socket and back, with a key, limits and the
// audit log, less what a plain Hono application takes for the very same request, asked in turn. Medians over rounds.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { parseArgs } from 'node:util';
import { createApp } from '../../src/api/app.ts';
import { Live } from '../../src/api/live.ts';
import { ApiServer } from '../../src/api/server.ts';
import { startChild } from './children.ts';
import type { Ask, Asked, PlainRequest } from './routes/asker-protocol.ts';
import { startBare, workOf } from './routes/bare.ts';
import { playedPorts } from './routes/played.ts';
import type { Recording } from './routes/recorded.ts';
import { type Measured, report } from './routes/report.ts';
import { Player } from './routes/tape.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    requests: { type: 'string' },
    only: { type: 'string' },
    profile: { type: 'string' },
  },
});
const rounds = Number(values.rounds ?? 5);
const requests = Number(values.requests ?? 50);

const say = (line: string) => void process.stdout.write(`${line}\n`);

const recorder = startChild('scripts/bench/routes/record.js', [values.only ?? ''], { ipc: 'clones' });
const ended = once(recorder.process, 'exit').then(() => {
  throw new Error(`the recording failed: ${recorder.last.join('\n')}`);
});
ended.catch(() => {}); // it ends in the end
const [{ routes, headers, database }] = (await Promise.race([once(recorder.process, 'message'), ended])) as [
  Recording,
];
for (const { name, status, answer } of routes)
  if (status !== 200)
    say(`${name}: ${status} ${Buffer.from(answer.body, 'base64').toString().slice(0, 200)}`);
const player = new Player();
const { ports, sql, folder, end } = await playedPorts(player, database);
const app = createApp(ports);
const live = new Live(() => ports.devices);
const server = new ApiServer({ app, host: '127.0.0.1', port: 0, closeWithin: 1_000, log: ports.log, live });
await server.start();
const bare = await startBare(routes, sql, folder);
const asker = startChild('scripts/bench/routes/asker.js', [], { ipc: true });
let asks = 0;

/** Milliseconds of CPU for each request. */
async function cpuMs(origin: string, request: PlainRequest, status: number): Promise<number> {
  const id = ++asks;
  const before = process.cpuUsage();
  asker.process.send({ id, origin, request, times: requests } satisfies Ask);
  const [asked] = (await once(asker.process, 'message')) as [Asked];
  const { user, system } = process.cpuUsage(before);
  if (asked.error !== undefined) throw new Error(`${request.method} ${request.target}: ${asked.error}`);
  if (asked.statuses.join() !== String(status))
    throw new Error(`${request.method} ${request.target}: ${asked.statuses} instead of ${status}`);
  return (user + system) / 1_000 / requests;
}

const session = new Session();
const measured = routes.map(({ name, status, ...route }) => ({
  ...{ name, status, work: workOf({ name, status, ...route }) },
  ...{ ours: [] as number[], bare: [] as number[] },
})) satisfies Measured[];
// The first round warms up.
for (let round = 0; round <= rounds; round++) {
  if (round === 1 && values.profile !== undefined) {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
  }
  for (const [n, route] of routes.entries()) {
    player.load(route.tape);
    const request = { ...route.request, headers: { ...route.request.headers, ...headers } };
    // Of a profile only our part is wanted.
    const plain =
      round > 0 && values.profile !== undefined
        ? 0
        : await cpuMs(bare.origin, { ...bare.requestOf(route), headers: request.headers }, route.status);
    const spent = await cpuMs(server.url, request, route.status);
    if (round === 0) continue;
    measured[n]?.ours.push(spent);
    measured[n]?.bare.push(plain);
  }
}

if (values.profile !== undefined) {
  const { profile } = await session.post('Profiler.stop');
  writeFileSync(values.profile, JSON.stringify(profile));
}
for (const line of report(measured)) say(line);

await asker.stop();
bare.stop();
await server.stop();
await end();
await recorder.stop();
process.exit(0);
