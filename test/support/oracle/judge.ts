// The standing oracle: every rule over the evidence of a run, and the figures that a report shows.
import { judgeConduct } from './conduct.ts';
import { judgeDelivered } from './delivered.ts';
import type { Evidence } from './evidence.ts';
import { type Finding, type Rule, rules } from './finding.ts';
import { judgeReceipts, judgeReceived } from './received.ts';
import { judgeSent } from './sent.ts';

export interface Figures {
  readonly messagesReceipted: number;
  readonly messagesLost: number;
  readonly messagesUnfinished: number;
  readonly sendsAsked: number;
  readonly sendsAccepted: number;
  readonly sendsRefused: number;
  readonly sendsRefusedArrived: number;
  readonly sendsAmbiguous: number;
  readonly sendsAmbiguousArrived: number;
  readonly sendsLost: number;
  readonly receiptsLost: number;
  readonly events: number;
  readonly seqGaps: number;
  readonly eventsUndelivered: number;
  /** Delivered again, under the same id. */
  readonly deliveriesRepeated: number;
  /** One message as two events, one text as two messages, one event with two bodies. */
  readonly duplicates: number;
  readonly keysReused: number;
  readonly decryptFailures: number;
  readonly logins: number;
  readonly doubleSockets: number;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly figures: Figures;
}

export function judge(evidence: Evidence): Verdict {
  const received = judgeReceived(evidence);
  const receipts = judgeReceipts(evidence);
  const sent = judgeSent(evidence);
  const delivered = judgeDelivered(evidence);
  const conduct = judgeConduct(evidence);
  const findings = [received, sent, delivered, conduct].flatMap(part => part.findings);
  findings.push(...receipts);
  const of = (rule: Rule) => findings.filter(finding => finding.rule === rule);
  return {
    findings,
    figures: {
      messagesReceipted: received.receipted,
      messagesLost: received.lost,
      messagesUnfinished: received.unfinished,
      sendsAsked: sent.asked,
      sendsAccepted: sent.accepted,
      sendsRefused: sent.refused,
      sendsRefusedArrived: sent.refusedArrived,
      sendsAmbiguous: sent.ambiguous,
      sendsAmbiguousArrived: sent.ambiguousArrived,
      sendsLost: new Set(of('sends').map(({ message }) => message)).size,
      receiptsLost: receipts.length,
      events: delivered.events,
      seqGaps: delivered.gaps,
      eventsUndelivered: delivered.undelivered,
      deliveriesRepeated: delivered.repeated,
      duplicates: of('twice').length,
      keysReused: conduct.keysReused,
      decryptFailures: conduct.undecryptable,
      logins: conduct.logins,
      doubleSockets: conduct.replaced,
    },
  };
}

/** For a person: each rule that was broken, with the first few of its breaches. */
export function report({ findings }: Verdict, most = 10): string {
  if (findings.length === 0) return 'every rule holds';
  const lines: string[] = [];
  for (const [rule, meaning] of Object.entries(rules)) {
    const broken = findings.filter(finding => finding.rule === rule);
    if (broken.length === 0) continue;
    lines.push(`${rule} is broken ${broken.length} times: ${meaning}`);
    for (const { what, message, device, at } of broken.slice(0, most)) {
      const where = [at && new Date(at).toISOString(), device, message].filter(Boolean).join(' ');
      lines.push(`  ${where ? `${where}: ` : ''}${what}`);
    }
    if (broken.length > most) lines.push(`  … and ${broken.length - most} more`);
  }
  return lines.join('\n');
}
