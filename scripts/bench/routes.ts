// `npm run bench:routes`: what each route costs this process over the work that it stands for. A good request to each is
// recorded on a whole node (real devices, a simulated WhatsApp, a database), with what the API's ports answered; then only
// the HTTP server is left, its ports answer from the tape, and each request comes again over a socket from another process.
// What is counted is CPU, not time: all of it that this process takes from the socket and back, with a key, limits and the
// audit log, less what a bare Hono route takes that reads the same kind of body, asked in turn. Medians over rounds.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { parseArgs } from 'node:util';
import { createApp } from '../../src/api/app.ts';
import { Live } from '../../src/api/live.ts';
import { ApiServer } from '../../src/api/server.ts';
import { startChild } from './children.ts';
import type { Ask, Asked, PlainRequest } from './routes/asker-protocol.ts';
import { type BodyKind, KINDS, kindOf, startBare } from './routes/bare.ts';
import { playedPorts } from './routes/played.ts';
import type { Recorded, Recording } from './routes/recorded.ts';
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
const requests = Number(values.requests ?? 100);
/** What a route may cost of our own, in milliseconds of CPU. */
const GOAL_MS = 0.3;
/** How many routes are asked until the bare ones are asked again. */
const TURN = 8;

const say = (line: string) => void process.stdout.write(`${line}\n`);

const recorder = startChild('scripts/bench/routes/record.js', [values.only ?? ''], { ipc: 'clones' });
const ended = once(recorder.process, 'exit').then(() => {
  throw new Error(`the recording failed: ${recorder.last.join('\n')}`);
});
const [{ routes, headers, database }] = (await Promise.race([once(recorder.process, 'message'), ended])) as [
  Recording,
];
for (const { name, status, said } of routes) if (status !== 200) say(`${name}: ${status} ${said}`);
const player = new Player();
const { ports, end } = await playedPorts(player, database);
const app = createApp(ports);
const live = new Live(() => ports.devices);
const server = new ApiServer({ app, host: '127.0.0.1', port: 0, closeWithin: 1_000, log: ports.log, live });
await server.start();
const bare = await startBare();
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

const median = (figures: readonly number[]) =>
  figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;

const session = new Session();
if (values.profile !== undefined) {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
}
const own = new Map<Recorded, { readonly all: number[]; readonly over: number[] }>();
const bares: Record<BodyKind, number[]> = { none: [], json: [], form: [] };
for (let round = 0; round <= rounds; round++) {
  const now: Record<BodyKind, number> = { none: 0, json: 0, form: 0 };
  for (const [n, route] of routes.entries()) {
    if (n % TURN === 0)
      for (const kind of KINDS) {
        now[kind] = await cpuMs(bare.origin, bare.requests[kind], 200);
        if (round > 0) bares[kind].push(now[kind]);
      }
    player.load(route.tape);
    const spent = await cpuMs(
      server.url,
      { ...route.request, headers: { ...route.request.headers, ...headers } },
      route.status,
    );
    // The first round warms up.
    if (round === 0) continue;
    const figures = own.get(route) ?? { all: [], over: [] };
    figures.all.push(spent);
    figures.over.push(spent - now[kindOf(route.request)]);
    own.set(route, figures);
  }
}

if (values.profile !== undefined) {
  const { profile } = await session.post('Profiler.stop');
  writeFileSync(values.profile, JSON.stringify(profile));
}
const base = { none: median(bares.none), json: median(bares.json), form: median(bares.form) };
const rows = routes
  .map(route => {
    const { all, over } = own.get(route) ?? { all: [], over: [] };
    const kind = kindOf(route.request);
    return { ...route, kind, own: median(over), ratio: median(all) / base[kind] };
  })
  .sort((a, b) => b.own - a.own);
const over = rows.filter(({ own }) => own > GOAL_MS);
say(`bare Hono: ${KINDS.map(kind => `${base[kind].toFixed(3)} ms (body: ${kind})`).join(', ')}`);
say('');
say('| route | body | answered | own CPU, ms | ratio to bare Hono | |');
say('|---|---|--:|--:|--:|---|');
for (const { name, kind, status, own, ratio } of rows)
  say(
    `| \`${name}\` | ${kind} | ${status} | ${own.toFixed(3)} | ${ratio.toFixed(1)} | ${own > GOAL_MS ? 'over' : ''} |`,
  );
say('');
say(
  `median of all routes ${median(rows.map(({ own }) => own)).toFixed(3)} ms of own CPU; ${over.length} of ${rows.length} over ${GOAL_MS} ms`,
);

await asker.stop();
bare.stop();
await server.stop();
await end();
await recorder.stop();
process.exit(0);
