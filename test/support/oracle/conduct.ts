// Rules O2, O6 and O7, and who failed to decrypt: how keys, connections and processes behaved.
import type { Evidence } from './evidence.ts';
import { type Finding, grouped } from './finding.ts';

const OF_KEYS = new Set(['message-key-reused', 'prekey-used-twice']);
/** A connection that was cut without a word may be alive for the server a moment longer. */
const MOMENT_MS = 1_000;

export interface Conduct {
  readonly findings: readonly Finding[];
  readonly keysReused: number;
  /** At simulated phones, and at devices of ours: retry receipts beyond those that a fault asked for. */
  readonly undecryptable: number;
  readonly logins: number;
  readonly replaced: number;
}

export function judgeConduct(evidence: Evidence): Conduct {
  const { violations, totals, devices, messages, spoiled } = evidence;
  const findings: Finding[] = [];
  for (const { kind, id, device, detail, at } of violations)
    findings.push({
      rule: OF_KEYS.has(kind) ? 'O2' : 'O1',
      message: id,
      device,
      at,
      what: `${kind}: ${detail}`,
    });
  const ours = new Set(devices.map(({ jid }) => jid));
  const asked = messages.flatMap(entry =>
    Object.entries(entry.devices)
      .filter(([jid, row]) => ours.has(jid) && row.receipts.some(({ type }) => type === 'retry'))
      .map(([jid]) => ({ rule: 'decrypt', message: entry.id, device: jid, at: entry.at }) as const),
  );
  // Which copies a fault spoiled is not written down anywhere; how many is.
  if (asked.length > spoiled)
    for (const one of asked)
      findings.push({
        ...one,
        what: `asked for it again (${asked.length} such, ${spoiled} spoiled by a fault)`,
      });
  const phones = Number(totals.undecryptable ?? 0);
  if (phones > 0) findings.push({ rule: 'decrypt', what: `phones failed to decrypt ${phones} messages` });
  const replaced = judgeSockets(evidence);
  findings.push(...replaced, ...judgeProcesses(evidence));
  return {
    findings,
    keysReused: violations.filter(({ kind }) => OF_KEYS.has(kind)).length,
    undecryptable: phones + Math.max(0, asked.length - spoiled),
    logins: evidence.sockets.filter(({ kind }) => kind === 'login').length,
    replaced: replaced.length,
  };
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

function judgeProcesses({ processes }: Evidence): Finding[] {
  return processes.flatMap(({ pid, ended, wanted, complaints, endedAt }) => {
    const findings: Finding[] = [];
    if (ended !== wanted)
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
