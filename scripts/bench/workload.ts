/**
 * The texts that are sent and received, the same at every size and for every subject, and what they cost.
 *
 * A round is four turns: every device sends some texts to its contact (sent), its contact sends it as many (received),
 * and, in pairs, half of the devices send to the other half and then the other way round (both ends). A Signal session
 * does its expensive step at each change of direction, so equal turns are what makes two sizes comparable.
 */
import { inTime, pause } from './children.ts';
import { cpuMs } from './proc.ts';
import type { Subject } from './subject.ts';
import type { World } from './world.ts';

export const KINDS = ['sent', 'received', 'both'] as const;
export type Kind = (typeof KINDS)[number];

/** Texts of a device in one turn. */
const TURN = 2;
/** Texts under way at a time: HTTP requests, or texts that a device has not confirmed yet. */
const UNDER_WAY = 10;
const LOOK_MS = 10;
/** From the last receipt on the wire to the last event in the journal. */
const REST_MS = 30;
/** A turn that is not through by then is over; the texts that were through count. */
const TURN_WITHIN = 120_000;
const REST_WITHIN = 30_000;

/**
 * Delivery receipts that a text causes, as the simulator counts them: a contact's phone sends one; a text to an account is
 * confirmed by its phone and by its device.
 */
const RECEIPTS: Readonly<Record<Kind, number>> = { sent: 1, received: 2, both: 2 };

/** What texts of one kind took, in milliseconds; `texts` were through. */
export interface Cost {
  readonly texts: number;
  readonly cpuMs: number;
  readonly databaseMs: number;
  readonly wallMs: number;
}

export interface Load {
  readonly subject: Subject;
  readonly world: World;
  /** CPU time of the subject's database so far, in ms; 0 for one that has none. */
  readonly databaseMs: () => number;
}

interface Text {
  /** The sender, as the n-th device or as a contact's number. */
  readonly from: number | string;
  readonly to: string;
}

const nothing: Cost = { texts: 0, cpuMs: 0, databaseMs: 0, wallMs: 0 };

/** Rounds until at least `texts` texts of each kind were through, and what they cost by kind. */
export async function talk(load: Load, texts: number): Promise<Record<Kind, Cost>> {
  const costs: Record<Kind, Cost> = { sent: nothing, received: nothing, both: nothing };
  while (KINDS.some(kind => costs[kind].texts < texts)) {
    for (const [kind, turn] of turns(load)) {
      const cost = await take(load, kind, turn);
      if (cost.texts === 0) throw new Error(`no text was ${kind} within ${TURN_WITHIN / 1000} s`);
      costs[kind] = sum(costs[kind], cost);
    }
  }
  return costs;
}

function sum(a: Cost, b: Cost): Cost {
  return {
    texts: a.texts + b.texts,
    cpuMs: a.cpuMs + b.cpuMs,
    databaseMs: a.databaseMs + b.databaseMs,
    wallMs: a.wallMs + b.wallMs,
  };
}

function turns({ subject: { accounts }, world: { contacts } }: Load): [Kind, Text[]][] {
  const phone = (device: number) => accounts[device]?.phone ?? '';
  const contact = (device: number) => contacts[device % contacts.length] ?? '';
  const devices = accounts.map((_, device) => device);
  const half = Math.floor(devices.length / 2);
  const first = devices.slice(0, half);
  return [
    ['sent', repeated(devices.map(device => ({ from: device, to: contact(device) })))],
    ['received', repeated(devices.map(device => ({ from: contact(device), to: phone(device) })))],
    ['both', repeated(first.map(device => ({ from: device, to: phone(device + half) })))],
    ['both', repeated(first.map(device => ({ from: device + half, to: phone(device) })))],
  ];
}

/** Neighbours in the list are different devices. */
function repeated(texts: Text[]): Text[] {
  return Array.from({ length: TURN }, () => texts).flat();
}

/** Sends the texts of a turn and resolves when all of them were confirmed and the subject is quiet. */
async function take({ subject, world, databaseMs }: Load, kind: Kind, texts: Text[]): Promise<Cost> {
  const receipts = async () => (await world.control.ledger()).receipts;
  const before = await receipts();
  const cpu = cpuMs(subject.pid);
  const database = databaseMs();
  const start = performance.now();
  const queue = texts.entries();
  let given = 0;
  let confirmed = 0;
  let over = false;

  const look = async () => {
    while (!over) {
      confirmed = ((await receipts()) - before) / RECEIPTS[kind];
      await pause(LOOK_MS);
    }
  };
  const lane = async () => {
    for (const [n, { from, to }] of queue) {
      if (performance.now() - start > TURN_WITHIN) return;
      const text = `${kind} ${n}: the quick brown fox jumps over the lazy dog and comes back for more`;
      if (typeof from === 'number') await subject.send(from, to, text);
      else {
        while (given - confirmed >= UNDER_WAY && performance.now() - start < TURN_WITHIN)
          await pause(LOOK_MS);
        await world.control.send(from, to, text);
      }
      given++;
    }
  };
  const through = async () => {
    while (confirmed < given || !(await subject.quiet())) await pause(LOOK_MS);
  };

  const looking = look();
  try {
    await Promise.all(Array.from({ length: UNDER_WAY }, lane));
    await inTime(through(), REST_WITHIN, `${given} texts were ${kind}, not all of them were confirmed`);
    await pause(REST_MS);
  } finally {
    over = true;
    await looking;
  }
  return {
    texts: given,
    cpuMs: cpuMs(subject.pid) - cpu,
    databaseMs: databaseMs() - database,
    wallMs: performance.now() - start,
  };
}
