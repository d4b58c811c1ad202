// The receivers, all in one process: started by trial.ts, which asks them over IPC. They read of a body what the ledger
// needs and nothing more, so that they cost little of the machine that the deliverer shares with them.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seeded } from '../../../test/delivery/ledger.ts';
import { answer } from './call.ts';
import { type Answered, clock, ENDPOINTS, type EndpointName, type ToReceivers } from './protocol.ts';

/** Of the attempts at the flaky one, the part that it answers with 503. */
const FLAKY = 0.2;
/** One event of so many is poison. */
const POISON = 400;

const nothing = (): Answered => ({ devices: [], seqs: [], times: [], statuses: [], lives: [] });
const ledgers = Object.fromEntries(ENDPOINTS.map(name => [name, nothing()])) as Record<
  EndpointName,
  Answered
>;
const servers = new Map<EndpointName, Server>();
let random = seeded(1);
let slowMs = 10_000;
let healed = false;
let deadPort = 0;

/** By its place in its device's order, so that it is the same event however often it comes and in every run. */
const poisonous = ({ device, seq }: Placed): boolean => (device * 41 + seq) % POISON === POISON - 1;

function statusOf(name: EndpointName, placed: Placed): number {
  if (healed) return 200;
  if (name === 'poisoned') return poisonous(placed) ? 400 : 200;
  return name === 'flaky' && random() < FLAKY ? 503 : 200;
}

interface Placed {
  readonly device: number;
  readonly seq: number;
}

function placeOf(head: string): Placed {
  const [, device, seq] = /"session_id":"d(\d+)","seq":(\d+)/.exec(head) ?? [];
  return { device: Number(device), seq: Number(seq) };
}

function keep(name: EndpointName, request: IncomingMessage, { device, seq }: Placed, status: number): void {
  const [, life] = /cardume\/(\d+)/.exec(String(request.headers['user-agent'])) ?? [];
  const ledger = ledgers[name];
  ledger.devices.push(device);
  ledger.seqs.push(seq);
  ledger.times.push(clock());
  ledger.statuses.push(status);
  ledger.lives.push(Number(life));
}

function handle(name: EndpointName, request: IncomingMessage, response: ServerResponse): void {
  let head = '';
  request.on('data', (chunk: Buffer) => {
    if (head === '') head = chunk.toString('latin1', 0, 400);
  });
  request.on('end', () => {
    const end = () => {
      // Who asked is gone: it will never know of the answer, and asks again.
      if (response.destroyed) return;
      const placed = placeOf(head);
      const status = statusOf(name, placed);
      response.statusCode = status;
      response.end();
      if (request.url !== '/bare') keep(name, request, placed, status);
    };
    if (name === 'slow' && !healed) setTimeout(end, slowMs);
    else end();
  });
}

async function listen(name: EndpointName, port: number): Promise<number> {
  const server = createServer((request, response) => handle(name, request, response));
  servers.set(name, server);
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function open(): Promise<unknown> {
  const urls: Partial<Record<EndpointName, string>> = {};
  for (const name of ENDPOINTS) {
    const port = await listen(name, 0);
    urls[name] = `http://127.0.0.1:${port}/${name}`;
    if (name !== 'dead') continue;
    deadPort = port;
    await new Promise(resolve => servers.get(name)?.close(resolve));
  }
  return { urls, bare: new URL('/bare', urls.good).href };
}

answer(async (message: ToReceivers) => {
  switch (message.op) {
    case 'open':
      random = seeded(message.seed);
      slowMs = message.slowMs;
      return open();
    case 'heal':
      healed = true;
      await listen('dead', deadPort);
      return undefined;
    case 'ledger':
      return ledgers;
  }
});
