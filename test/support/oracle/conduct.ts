// Rules O2, O6 and O7, and who failed to decrypt: how keys, connections and processes behaved.
import type { Evidence } from './evidence.ts';
import { type Finding, grouped } from './finding.ts';

const OF_KEYS = new Set(['message-key-reused', 'prekey-used-twice', 'prekey-id-reused']);
/** A connection that was cut without a word may be alive for the server a moment longer. */
const MOMENT_MS = 1_000;

export interface Conduct {
  readonly findings: readonly Finding[];
  readonly keysReused: number;
  /** At simulated phones, and at devices of ours: retry receipts that no fault is the reason for. */
  readonly undecryptable: number;
  readonly logins: number;
  readonly replaced: number;
}

export function judgeConduct(evidence: Evidence): Conduct {
  const { violations } = evidence;
  const findings: Finding[] = [];
  for (const { kind, id, device, detail, at } of violations)
    findings.push({
      rule: OF_KEYS.has(kind) ? 'O2' : 'O1',
      message: id,
      device,
      at,
      what: `${kind}: ${detail}`,
    });
  const asked = judgeRetries(evidence);
  findings.push(...asked);
  const phones = judgePhones(evidence);
  findings.push(...phones);
  const replaced = judgeSockets(evidence);
  findings.push(...replaced, ...judgeProcesses(evidence));
  return {
    findings,
    keysReused: violations.filter(({ kind }) => OF_KEYS.has(kind)).length,
    undecryptable: phones.length + asked.length,
    logins: evidence.sockets.filter(({ kind }) => kind === 'login').length,
    replaced: replaced.length,
  };
}

/** A device of ours asked for a message again although it was sent as it should be. */
function judgeRetries({ devices, messages }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const { jid, id: device } of devices) {
    // The sender's key for a group may have been in the copy that was spoiled: what follows cannot be read either.
    const spoiled = new Set<string>();
    for (const { id: message, at, from, to, devices: rows } of messages) {
      const row = rows[jid];
      if (!row) continue;
      const pair = `${from} ${to}`;
      if (row.spoiled > 0) spoiled.add(pair);
      if (row.spoiled > 0 || !row.receipts.some(({ type }) => type === 'retry')) continue;
      if (to.endsWith('@g.us') && spoiled.has(pair)) continue;
      findings.push({
        rule: 'decrypt',
        message,
        device,
        at,
        what: 'asked for it again, and nothing was wrong with it',
      });
    }
  }
  return findings;
}

/**
 * A simulated phone asked for a message again. It has a reason when we had asked it for one before, because a fault had
 * spoiled that: phones answer over a new session and forget the old one, in which something of ours may be on its way.
 */
function judgePhones({ people, messages, totals }: Evidence): Finding[] {
  const findings: Finding[] = [];
  const jids = new Set(people.map(({ phone }) => `${phone}@s.whatsapp.net`));
  const answered = new Set(
    messages.flatMap(({ from, devices: rows }) =>
      Object.entries(rows)
        .filter(([, row]) => row.spoiled > 0)
        .map(([device]) => `${from} ${device}`),
    ),
  );
  let known = 0;
  for (const { id: message, at, from, devices: rows } of messages)
    for (const [jid, row] of Object.entries(rows)) {
      if (!jids.has(jid)) continue;
      const times = row.receipts.filter(({ type }) => type === 'retry').length;
      known += times;
      if (times === 0 || answered.has(`${jid} ${from}`)) continue;
      findings.push({
        rule: 'decrypt',
        message,
        device: from,
        at,
        what: `the phone ${jid} could not read it`,
      });
    }
  const all = Number(totals.undecryptable ?? 0);
  if (known === 0 && all > 0)
    findings.push({ rule: 'decrypt', what: `phones failed to decrypt ${all} messages that nobody knows` });
  return findings;
}

/** The server ends the older of two connections: that it had to is the breach, unless the older one was just cut. */
function judgeSockets({ sockets, blows }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const [jid, events] of grouped(sockets, ({ jid }) => jid))
    for (const { kind, close, at } of events) {
      if (kind !== 'close' || close !== 'replaced') continue;
      if (blows.some(blow => blow <= at && at - blow < MOMENT_MS)) continue;
      findings.push({ rule: 'O6', device: jid, at, what: 'logged in while an older connection was alive' });
    }
  return findings;
}

const UNHANDLED = /unhandled|uncaught|triggered an uncaughtException|\bat .+\(node:internal/i;

/** sysexits.h: what a start says that has no database. Whoever runs it starts it again. */
const EX_UNAVAILABLE = 69;
const START_MS = 40_000;

function judgeProcesses({ processes, blows }: Evidence): Finding[] {
  return processes.flatMap(({ pid, ended, wanted, complaints, endedAt }) => {
    const findings: Finding[] = [];
    const cutOff = blows.some(blow => blow <= endedAt && endedAt - blow < START_MS);
    if (ended !== wanted && !(ended === EX_UNAVAILABLE && cutOff))
      findings.push({
        rule: 'O7',
        at: endedAt,
        what: `process ${pid} ended with ${ended} instead of ${wanted}`,
      });
    const complaint = complaints.find(line => UNHANDLED.test(line));
    if (complaint !== undefined)
      findings.push({ rule: 'O7', at: endedAt, what: `process ${pid} complained: ${complaint}` });
    return findings;
  });
}
