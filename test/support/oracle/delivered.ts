// Rules O3 to O5: a journal without gaps, delivered whole and in order, but for the events that nobody has named.
import { isPrivate } from '../../../src/journal/names.ts';
import type { Delivery, Evidence } from './evidence.ts';
import { type Finding, grouped } from './finding.ts';

export interface Delivered {
  readonly findings: readonly Finding[];
  readonly events: number;
  readonly gaps: number;
  readonly undelivered: number;
  /** Deliveries of an event that had been answered with 2xx before. */
  readonly repeated: number;
}

export function judgeDelivered({ devices, journal, deliveries }: Evidence): Delivered {
  const findings: Finding[] = [];
  let gaps = 0;
  let undelivered = 0;
  let repeated = 0;
  const rows = grouped(journal, ({ device }) => device);
  const posts = grouped(deliveries, ({ device }) => device);
  for (const { id: device, lastSeq } of devices) {
    const events = rows.get(device) ?? [];
    let before = 0;
    for (const { seq } of [...events, { seq: lastSeq + 1 }]) {
      if (seq !== before + 1) {
        gaps++;
        findings.push({ rule: 'O3', device, what: `after seq ${before} comes ${seq} (last_seq ${lastSeq})` });
      }
      before = seq;
    }
    const came = posts.get(device) ?? [];
    const arrived = came.filter(({ status }) => status !== undefined && status >= 200 && status < 300);
    const ids = new Set(arrived.map(({ id }) => id));
    const owed = events.filter(({ event }) => !isPrivate(event));
    for (const { seq, id, event } of owed)
      if (!ids.has(id)) {
        undelivered++;
        findings.push({
          rule: 'O4',
          device,
          what: `seq ${seq} (${event}, ${id}) was never answered with 2xx`,
        });
      }
    repeated += arrived.length - ids.size;
    findings.push(...judgeOrder(device, events, came, arrived), ...judgeBodies(device, came));
  }
  return { findings, events: journal.length, gaps, undelivered, repeated };
}

/** No event is tried before the one in front of it was answered, and first answers come in order. */
function judgeOrder(
  device: string,
  events: readonly { readonly seq: number; readonly event: string }[],
  came: readonly Delivery[],
  arrived: readonly Delivery[],
): Finding[] {
  const findings: Finding[] = [];
  const passedOver = new Set(events.filter(({ event }) => isPrivate(event)).map(({ seq }) => seq));
  const inOrder = (list: readonly Delivery[], what: string) => {
    let last = 0;
    for (const { seq, at } of list) {
      while (passedOver.has(last + 1)) last += 1;
      if (seq > last + 1) findings.push({ rule: 'O5', device, at, what: `seq ${seq} ${what} after ${last}` });
      last = Math.max(last, seq);
    }
  };
  inOrder(came, 'was posted first');
  inOrder(arrived, 'was answered first');
  return findings;
}

function judgeBodies(device: string, came: readonly Delivery[]): Finding[] {
  const findings: Finding[] = [];
  for (const [id, same] of grouped(came, delivery => delivery.id))
    if (new Set(same.map(({ hash, seq }) => `${seq} ${hash}`)).size > 1)
      findings.push({ rule: 'twice', device, what: `event ${id} was posted with different bodies` });
  for (const [seq, same] of grouped(came, delivery => String(delivery.seq)))
    if (new Set(same.map(({ id }) => id)).size > 1)
      findings.push({
        rule: 'twice',
        device,
        what: `seq ${seq} was posted under ids ${same.map(({ id }) => id)}`,
      });
  return findings;
}
