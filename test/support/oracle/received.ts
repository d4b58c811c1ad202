// Rule O1 and its neighbours: what came for our devices is in their journals, each once.
import type { Evidence, JournalEvent, LedgerMessage } from './evidence.ts';
import { accountOf, type Finding, grouped, userOf } from './finding.ts';

/** Receipts with which a device takes a message over from the server. Not those of keys, history, or a second asking. */
const TAKEN = new Set(['delivered', 'inactive', 'sender']);

/** Events that give the content of a message out. */
const CONTENT = new Set([
  'message',
  'message.reaction',
  'message.edited',
  'message.revoked',
  'message.recovered',
]);

export interface Received {
  readonly findings: readonly Finding[];
  /** Copies of messages that our devices said they have. */
  readonly receipted: number;
  /** Receipted and in no journal, or given up: WhatsApp will not send them again. */
  readonly lost: number;
  /** Copies that were made for our devices and never came to an end. */
  readonly unfinished: number;
}

export function judgeReceived(evidence: Evidence): Received {
  const findings: Finding[] = [];
  const events = grouped(evidence.journal, event => event.device);
  let receipted = 0;
  let lost = 0;
  let unfinished = 0;
  for (const { id: device, jid } of evidence.devices) {
    const told = grouped(
      (events.get(device) ?? []).filter(({ event }) => CONTENT.has(event)),
      ({ payload }) => String(payload.id),
    );
    for (const entry of evidence.messages) {
      const row = entry.devices[jid];
      if (!row || entry.to.endsWith('@broadcast')) continue;
      const taken = row.receipts.some(({ type }) => TAKEN.has(type));
      const other = row.receipts.some(({ type }) => type !== 'retry' && !TAKEN.has(type));
      const where = { message: entry.id, device, at: entry.at };
      const known = told.get(entry.id) ?? [];
      if (taken) receipted++;
      if (taken && known.length === 0) {
        lost++;
        findings.push({
          ...where,
          rule: 'O1',
          what: `${shown(entry)} was receipted (${row.receipts.map(({ type }) => type)}) and is in no journal`,
        });
      }
      // A copy that is given up (damaged on its way again, or moved aside because a thread had died of it) of a message that
      // is told all the same: nothing is missing.
      const needless = row.settled === 'nack' && known.length > 0;
      if (!taken && !other && row.addressed > 0 && !needless) {
        if (row.settled === 'nack') lost++;
        else unfinished++;
        findings.push({
          ...where,
          rule: 'O1',
          what: `${shown(entry)} was made for the device and ${row.settled === 'nack' ? 'given up' : 'never receipted'} (handed ${row.handed} times, settled: ${row.settled ?? 'no'})`,
        });
      }
      findings.push(...wrongPlace(evidence, entry, device, known));
    }
    for (const [message, all] of told) {
      const names = grouped(all, ({ event }) => event);
      for (const [event, same] of names)
        if (same.length > 1)
          findings.push({
            rule: 'twice',
            device,
            message,
            what: `${same.length} events "${event}" for one message: seq ${same.map(({ seq }) => seq)}`,
          });
    }
  }
  return { findings, receipted, lost, unfinished };
}

/** An event of the right message that names another chat. */
function wrongPlace(
  { people }: Evidence,
  entry: LedgerMessage,
  device: string,
  known: readonly JournalEvent[],
): Finding[] {
  const group = entry.to.endsWith('@g.us');
  return known.flatMap(({ payload, seq }) => {
    const chats = [payload.chat_id, payload.chat_lid].map(String);
    const other = payload.is_from_me === true ? entry.to : entry.from;
    const person = people.find(one => [one.phone, userOf(one.lid)].includes(userOf(other)));
    const right = group ? [entry.to] : [accountOf(other), person?.jid, person?.lid].map(String);
    if (chats.some(chat => right.includes(chat))) return [];
    const what = `seq ${seq} has it in ${chats.join(' or ')}, and it is from ${entry.from} to ${entry.to}`;
    return [{ rule: 'O1', device, message: entry.id, what }];
  });
}

/** Receipts of others for what our devices sent in direct chats: each is an event, or two of them are one. */
export function judgeReceipts({ devices, messages, journal, people }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const byJid = new Map(devices.map(device => [device.jid, device.id]));
  const told = new Set(
    journal
      .filter(({ event }) => event === 'message.ack')
      .flatMap(({ device, payload }) =>
        ((payload.ids as string[] | undefined) ?? []).map(id => `${device} ${id}`),
      ),
  );
  for (const entry of messages) {
    const device = byJid.get(entry.from);
    if (device === undefined || entry.to.endsWith('@g.us') || entry.ackError !== undefined) continue;
    const own = userOf(entry.from);
    const receipt = Object.entries(entry.devices).find(
      ([jid, row]) => userOf(jid) !== own && row.receipts.some(({ type }) => TAKEN.has(type)),
    );
    if (!receipt || told.has(`${device} ${entry.id}`)) continue;
    const person = people.find(({ phone }) => phone === userOf(receipt[0]));
    // A message to oneself, and one to a number that nobody has any more, are confirmed to nobody.
    if (!person) continue;
    const what = `${receipt[0]} confirmed it, and no message.ack says so`;
    findings.push({ rule: 'receipts', device, message: entry.id, at: entry.at, what });
  }
  return findings;
}

const shown = ({ from, to }: LedgerMessage) => `a message from ${from} to ${to}`;
