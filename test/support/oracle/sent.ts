// What our devices were asked to send: accepted is everywhere, once; refused is nowhere.
import type { Asked, Evidence, LedgerMessage } from './evidence.ts';
import { type Finding, grouped, userOf } from './finding.ts';

export interface Sent {
  readonly findings: readonly Finding[];
  readonly asked: number;
  /** Answered with 200, or with 504 and that it is queued. */
  readonly accepted: number;
  /** Nobody can know from the answer: there was none, or it was 504. */
  readonly ambiguous: number;
  readonly ambiguousArrived: number;
  readonly refused: number;
  /** Refused, and somebody got it all the same. */
  readonly refusedArrived: number;
}

export function judgeSent(evidence: Evidence): Sent {
  const findings: Finding[] = [];
  const entries = new Map(evidence.messages.map(entry => [entry.id, entry]));
  const texts = arrivedTexts(evidence);
  const accepted = evidence.asked.filter(isAccepted);
  const rest = evidence.asked.filter(one => !isAccepted(one));
  for (const one of accepted)
    findings.push(...judgeAccepted(evidence, one, entries.get(one.messageId ?? '')));
  findings.push(...judgeTexts(evidence));
  const ambiguous = rest.filter(({ status }) => status === undefined || status === 504);
  const refused = rest.filter(one => !ambiguous.includes(one));
  return {
    findings,
    asked: evidence.asked.length,
    accepted: accepted.length,
    ambiguous: ambiguous.length,
    ambiguousArrived: ambiguous.filter(({ text }) => texts.has(text)).length,
    refused: refused.length,
    refusedArrived: refused.filter(({ text }) => texts.has(text)).length,
  };
}

const isAccepted = ({ status, messageId, queued }: Asked) =>
  messageId !== undefined && (status === 200 || (status === 504 && queued === true));

/** Of ours: a copy that was given up (damaged when it came again) of a message that the device has told is not missing. */
function isTold({ devices, journal }: Evidence, jid: string, id: string): boolean {
  const ours = devices.find(device => device.jid === jid);
  return journal.some(
    ({ device, event, payload }) => device === ours?.id && event === 'message' && payload.id === id,
  );
}

function judgeAccepted(evidence: Evidence, asked: Asked, entry: LedgerMessage | undefined): Finding[] {
  const found = {
    rule: 'sends',
    device: asked.device,
    at: asked.at,
    message: asked.messageId ?? '',
  } as const;
  if (!entry) return [{ ...found, what: `answered ${asked.status}, and never reached WhatsApp` }];
  if (entry.ackError !== undefined)
    return [{ ...found, what: `answered ${asked.status}, and WhatsApp refused it with ${entry.ackError}` }];
  const findings: Finding[] = [];
  for (const jid of expected(evidence, asked, entry)) {
    const row = entry.devices[jid];
    if (!row) findings.push({ ...found, what: `was never encrypted for ${jid}` });
    else if (row.settled !== 'delivered' && !(row.settled === 'nack' && isTold(evidence, jid, entry.id)))
      findings.push({ ...found, what: `${jid} does not have it (settled: ${row.settled ?? 'no'})` });
    const phone = evidence.shown[userOf(jid)];
    if (jid.includes(':') || !phone) continue;
    const times = phone.filter(({ id, text }) => id === entry.id && text === asked.text).length;
    if (times !== 1) findings.push({ ...found, what: `the phone ${jid} shows it ${times} times` });
  }
  return findings;
}

/** All devices of the chat and of the account itself, but the one that sent it. */
function expected({ people, groups }: Evidence, { to }: Asked, { from }: LedgerMessage): string[] {
  const users = new Set([userOf(from), ...(groups[to] ?? [userOf(to)])]);
  return people
    .filter(({ phone }) => users.has(phone))
    .flatMap(({ phone, devices }) => [
      `${phone}@s.whatsapp.net`,
      ...devices.filter(id => id !== 0).map(id => `${phone}:${id}@s.whatsapp.net`),
    ])
    .filter(jid => jid !== from);
}

/** Each text is written once by whoever drives the run: under two ids it was sent twice. */
function judgeTexts({ shown, journal }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const [phone, messages] of Object.entries(shown))
    for (const [text, same] of grouped(messages, message => `${message.chat} ${message.text}`)) {
      const ids = new Set(same.map(({ id }) => id));
      const [first] = same;
      if (ids.size > 1 && first)
        findings.push({
          rule: 'twice',
          message: first.id,
          what: `phone ${phone} has the text ${JSON.stringify(text)} as ${[...ids]}`,
        });
    }
  const bodies = journal.filter(({ event, payload }) => event === 'message' && payload.body !== undefined);
  for (const [key, same] of grouped(bodies, ({ device, payload }) => `${device} ${payload.body}`)) {
    const ids = new Set(same.map(({ payload }) => payload.id));
    const [first] = same;
    if (ids.size > 1 && first)
      findings.push({ rule: 'twice', device: first.device, what: `the text of ${key} came as ${[...ids]}` });
  }
  return findings;
}

function arrivedTexts({ shown, journal }: Evidence): Set<string> {
  return new Set([
    ...Object.values(shown).flatMap(messages => messages.map(({ text }) => text)),
    ...journal.filter(({ event }) => event === 'message').map(({ payload }) => String(payload.body)),
  ]);
}
