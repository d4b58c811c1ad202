// Events at a fixed rate, as a shard's thread makes them: facts written through the journal (fenced, sealed, many devices
// in one statement), then streamed up. Started by trial.ts, which hands the stream to the deliverer's process.
import { type Fact, identified } from '../../../src/journal/event.ts';
import { Journal, type Writer } from '../../../src/journal/journal.ts';
import type { Streamed } from '../../../src/shard/protocol.ts';
import { type DatabaseAddress, openDatabase } from '../../../src/store/database.ts';
import { listDevices } from '../../../src/store/devices.ts';
import { seeded } from '../../../test/delivery/ledger.ts';
import { testSeals } from '../../../test/support/keys.ts';
import { pause } from '../children.ts';
import { answer } from './call.ts';
import { type Committed, clock, type Stream, type ToProducer } from './protocol.ts';

/** Between two looks at how many events are due. */
const TICK_MS = 5;
/** Events that are written and not yet durable, without a rate. */
const AT_ONCE = 500;
/** Bodies that are handed back, for the bare loop. */
const BODIES = 20_000;

const commits: Committed = { devices: [], seqs: [], times: [] };
let journal: Journal | undefined;
let writers: Writer[] = [];
let random = seeded(1);
let made = 0;

async function open({ address, owner, seed }: Extract<ToProducer, { op: 'devices' }>): Promise<void> {
  random = seeded(seed);
  const sql = openDatabase({
    address: JSON.parse(address) as DatabaseAddress,
    connections: 2,
    name: 'producer',
  });
  const seals = testSeals(sql);
  writers = [];
  for (const { no, id, epoch } of await listDevices(sql))
    writers.push({
      no,
      id,
      epoch,
      jid: `1555${id.slice(1).padStart(7, '0')}@s.whatsapp.net`,
      seal: await seals.sealOf(no),
    });
  journal = new Journal({ sql, owner });
}

/** What a text in a group is told as. */
function fact({ no }: Writer): Fact {
  made += 1;
  const from = `1555${String(made % 5_000).padStart(7, '0')}@s.whatsapp.net`;
  const payload = {
    id: `3EB0${made.toString(16).toUpperCase().padStart(18, '0')}`,
    chat_id: '120363000000000001@g.us',
    from,
    from_lid: '215666000000001@lid',
    from_name: 'Ana Conceição',
    sender_display_name: 'Ana Conceição',
    timestamp: new Date().toISOString(),
    is_from_me: false,
    type: 'text',
    body: `Text ${made}: amanhã às 9 na praça, não se esqueçam da água 🐟`,
    quoted_body: 'a que horas?',
    replied_to_id: '3EB0000000000000000001',
  };
  return identified(no, { event: 'message', at: Date.now(), payload });
}

async function one(stream: boolean, kept: Streamed[]): Promise<void> {
  const writer = writers[Math.floor(random() * writers.length)];
  if (!writer || !journal) throw new Error('there are no devices');
  const events = await journal.write(writer, { facts: [fact(writer)], done: [], steps: [] });
  const at = clock();
  for (const event of events) {
    commits.devices.push(Number(event.device.slice(1)));
    commits.seqs.push(event.seq);
    commits.times.push(at);
    if (kept.length < BODIES) kept.push(event);
  }
  if (stream) tell(events);
}

let waiting: Streamed[] = [];
function tell(events: readonly Streamed[]): void {
  if (waiting.length === 0)
    setImmediate(() => {
      process.send?.({ op: 'events', events: waiting } satisfies Stream);
      waiting = [];
    });
  waiting.push(...events);
}

async function produce({ events, rate, stream }: Extract<ToProducer, { op: 'produce' }>): Promise<unknown> {
  const kept: Streamed[] = [];
  const writing = new Set<Promise<void>>();
  const start = clock();
  for (let n = 0; n < events; ) {
    const due = rate === undefined ? n + AT_ONCE - writing.size : ((clock() - start) / 1000) * rate;
    for (; n < Math.min(due, events); n++) {
      const write = one(stream, kept).finally(() => writing.delete(write));
      writing.add(write);
    }
    if (rate !== undefined) await pause(TICK_MS);
    else if (writing.size >= AT_ONCE) await Promise.race(writing);
  }
  await Promise.all(writing);
  return { ids: kept.map(({ id }) => id), bodies: kept.map(({ body }) => body) };
}

answer(async (message: ToProducer) => {
  switch (message.op) {
    case 'devices':
      return await open(message);
    case 'produce':
      return await produce(message);
    case 'commits':
      return commits;
  }
});
