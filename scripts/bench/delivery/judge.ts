/** What came out of a run, from the receivers' ledgers and the database: losses, order, repetitions, times. Pure. */
import type { Answered, Committed, EndpointName } from './protocol.ts';

/** Deliveries of a lane that the death of a process may repeat. */
const REPEATED = 20;

/** A lane as the database has it at the end. */
export interface LaneRow {
  readonly endpoint: EndpointName;
  readonly device: number;
  readonly cursor: number;
  /** The device's newest event. */
  readonly last: number;
  readonly parked: readonly number[];
  readonly dead: readonly number[];
}

export interface Evidence {
  readonly answered: Readonly<Record<EndpointName, Answered>>;
  readonly lanes: readonly LaneRow[];
  readonly kills: number;
}

/** How an endpoint fared, over all devices. */
export interface Fared {
  readonly endpoint: EndpointName;
  readonly posts: number;
  /** Events that arrived, each once; those that came again are counted in `repeated`. */
  readonly delivered: number;
  readonly repeated: number;
  readonly parked: number;
  readonly dead: number;
  /** Events that its lanes have not come to. */
  readonly owed: number;
  /** Events that a lane has passed and that are none of these. */
  readonly lost: number;
  /** First deliveries of an event after one that is newer, of the same device. What was refused (400) may be late. */
  readonly outOfOrder: number;
  /** The most that came again of a lane in one life of the deliverer's process. */
  readonly repeatedInALife: number;
}

export function judge({ answered, lanes }: Evidence): Fared[] {
  const names = [...new Set(lanes.map(({ endpoint }) => endpoint))];
  return names.map(endpoint => {
    const { firsts, ...seen } = deliveriesOf(answered[endpoint]);
    const own = lanes.filter(lane => lane.endpoint === endpoint);
    const sum = (pick: (lane: LaneRow) => number) => own.reduce((total, lane) => total + pick(lane), 0);
    return {
      endpoint,
      ...seen,
      parked: sum(({ parked }) => parked.length),
      dead: sum(({ dead }) => dead.length),
      owed: sum(({ last, cursor }) => last - cursor),
      lost: sum(lane => {
        const accounted = new Set([...(firsts.get(lane.device) ?? []), ...lane.parked, ...lane.dead]);
        return numbersOf(1, lane.cursor).filter(seq => !accounted.has(seq)).length;
      }),
    };
  });
}

/** What was answered with 2xx, in its order. */
function deliveriesOf({ devices, seqs, statuses, lives }: Answered) {
  const firsts = new Map<number, Set<number>>();
  const newest = new Map<number, number>();
  const again = new Map<string, number>();
  const refused = new Set<string>();
  let delivered = 0;
  let repeated = 0;
  let outOfOrder = 0;
  for (const [n, device] of devices.entries()) {
    const [seq = 0, status = 0] = [seqs[n], statuses[n]];
    if (status === 400) refused.add(`${device}/${seq}`);
    if (status < 200 || status > 299) continue;
    const had = firsts.get(device) ?? new Set();
    firsts.set(device, had);
    if (had.has(seq)) {
      repeated += 1;
      const lane = `${device}/${lives[n]}`;
      again.set(lane, (again.get(lane) ?? 0) + 1);
      continue;
    }
    had.add(seq);
    delivered += 1;
    if (seq > (newest.get(device) ?? 0)) newest.set(device, seq);
    else if (!refused.has(`${device}/${seq}`)) outOfOrder += 1;
  }
  const repeatedInALife = Math.max(0, ...again.values());
  return { firsts, posts: devices.length, delivered, repeated, outOfOrder, repeatedInALife };
}

/** The rules that were broken, as sentences. */
export function broken(fared: readonly Fared[], kills: number): string[] {
  const most = kills === 0 ? 0 : REPEATED;
  return fared.flatMap(one => [
    ...(one.lost > 0 ? [`${one.endpoint}: ${one.lost} events are lost`] : []),
    ...(one.owed > 0 ? [`${one.endpoint}: ${one.owed} events were not delivered in the end`] : []),
    ...(one.outOfOrder > 0 ? [`${one.endpoint}: ${one.outOfOrder} events came after newer ones`] : []),
    ...(one.repeatedInALife > most
      ? [`${one.endpoint}: ${one.repeatedInALife} events of a lane came again, ${most} may`]
      : []),
  ]);
}

/** Milliseconds from the commit of an event to its answer, ascending; the first `skip` events warm up. */
export function latencies(committed: Committed, answered: Answered, skip: number): number[] {
  const at = new Map<string, number>();
  for (const [n, device] of committed.devices.entries())
    if (n >= skip) at.set(`${device}/${committed.seqs[n]}`, committed.times[n] ?? 0);
  const all: number[] = [];
  for (const [n, device] of answered.devices.entries()) {
    const name = `${device}/${answered.seqs[n]}`;
    const from = at.get(name);
    if (from === undefined || answered.statuses[n] !== 200) continue;
    at.delete(name);
    all.push((answered.times[n] ?? 0) - from);
  }
  return all.sort((a, b) => a - b);
}

/** The value under which that part of the ascending values lies. */
export const percentile = (ascending: readonly number[], part: number): number =>
  ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * part))] ?? Number.NaN;

export const numbersOf = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n);
