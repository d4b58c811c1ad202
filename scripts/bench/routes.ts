// `npm run bench:routes`: what each route costs the main thread over the work that it stands for: everything from a request
// to its command and from the command's result to the answer, with devices that answer at once. Beside it a bare Hono route
// that reads JSON and answers JSON, in the same run; rounds take turns, and of each figure the median counts.
import { parseArgs } from 'node:util';
import { OpenAPIHono } from '@hono/zod-openapi';
import { createApi } from '../../test/support/api.ts';
import { type ApiDocument, type ApiOperation, operationsOf } from '../../test/support/openapi/document.ts';
import { type Made, makeRequest } from '../../test/support/openapi/generate.ts';
import { seeded } from '../../test/support/random.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string' }, requests: { type: 'string' } } });
const rounds = Number(values.rounds ?? 5);
const requests = Number(values.requests ?? 200);
/** What a route may cost of our own, in milliseconds of CPU. */
const GOAL_MS = 0.3;

interface Subject {
  readonly name: string;
  readonly status: number;
  ask(): Promise<Response>;
}

const { app, devices } = createApi();
devices.add('sales', { jid: '15551234567:3@s.whatsapp.net', name: 'Ana' });
const document = (await (await app.request('/openapi.json')).json()) as ApiDocument;

const bare = new OpenAPIHono();
bare.post('/bare', async c => c.json({ code: 'SUCCESS', message: 'ok', results: await c.req.json() }));
const askBare = () =>
  bare.fetch(
    new Request('http://127.0.0.1/bare', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"phone":"15551234567","message":"Hello"}',
    }),
  );

const phone = '15551234567';
const known = {
  device_id: 'sales',
  'X-Device-Id': 'sales',
  group_id: '120363000000000001@g.us',
  newsletter_id: '120363000000000001@newsletter',
  chat_jid: `${phone}@s.whatsapp.net`,
  message_id: '3EB089B9D6ADD58153C561',
  reply_message_id: '3EB089B9D6ADD58153C561',
  link: 'https://chat.whatsapp.com/ABCDEFGHIJKLMNOPQRSTUV',
  ...{ phone, contact_phone: phone, caller_jid: phone },
  ...{ participants: () => phone, mentions: () => phone },
};

/** The first request by chance that nothing is wrong with, and that is answered best. */
async function subjectOf(operation: ApiOperation): Promise<Subject | undefined> {
  let best: Subject | undefined;
  for (let seed = 1; seed < 40 && best?.status !== 200; seed++) {
    const made = makeRequest({ random: seeded(seed), document, operation, known });
    if (made.wrong.length > 0 || made.body instanceof FormData) continue;
    const ask = () => app.fetch(requestOf(operation, made));
    const { status } = await ask();
    const name = `${operation.method.toUpperCase()} ${operation.path}`;
    if (!best || status < best.status) best = { name, status, ask: async () => ask() };
  }
  return best;
}

function requestOf({ method }: ApiOperation, { target, headers, body }: Made): Request {
  return new Request(new URL(target, 'http://127.0.0.1'), {
    method: method.toUpperCase(),
    headers: { ...headers, 'x-device-id': 'sales' },
    ...(typeof body === 'string' && { body }),
  });
}

async function cpuMs(ask: () => Response | Promise<Response>): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < requests; n++) await (await ask()).arrayBuffer();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / requests;
}

const median = (figures: readonly number[]) =>
  figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;

// What takes the device away, or waits, is no work of a route.
const left = operationsOf(document).filter(
  ({ path, method }) => method !== 'delete' && !/logout|pairing$/.test(path),
);
const subjects = (await Promise.all(left.map(subjectOf))).filter(subject => subject !== undefined);
const figures = new Map<string, number[]>();
const bareFigures: number[] = [];
for (let round = 0; round <= rounds; round++) {
  const ofBare = await cpuMs(askBare);
  // The first round warms up.
  if (round > 0) bareFigures.push(ofBare);
  for (const { name, ask } of subjects) {
    const spent = await cpuMs(ask);
    if (round > 0) figures.set(name, [...(figures.get(name) ?? []), spent]);
  }
}

const base = median(bareFigures);
const rows = subjects
  .map(({ name, status }) => ({ name, status, ms: median(figures.get(name) ?? []) }))
  .sort((a, b) => b.ms - a.ms);
const line = ({ name, status, ms }: (typeof rows)[number]) =>
  `| \`${name}\` | ${status} | ${ms.toFixed(3)} | ${(ms / base).toFixed(1)} | ${ms - base <= GOAL_MS ? '' : 'over'} |`;
process.stdout.write(
  [
    `A bare Hono route: ${base.toFixed(3)} ms of CPU. Over it a route may cost ${GOAL_MS} ms.`,
    '',
    '| route | answered | ms of CPU | ratio to bare | |',
    '|---|--:|--:|--:|---|',
    ...rows.map(line),
    '',
  ].join('\n'),
);
process.exit(0);
