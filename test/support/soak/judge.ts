// What a random run left behind, judged: what the server must answer for, and what its clients lost.

import type { ControlClient } from '../../../src/simulator/control/client.ts';
import type { Answer } from '../../../src/simulator/control/operations.ts';
import type { Person } from './person.ts';
import type { Plan } from './schedule.ts';

type Entry = Answer<'ledgerMessages'>['messages'][number];
type Violation = Answer<'ledgerViolations'>['violations'][number];

/** Kinds that a client commits, however right the server is. */
const OF_CLIENTS = new Set(['message-key-reused', 'prekey-used-twice', 'prekey-id-reused']);

export interface Findings {
  /** Must be empty: the server broke its word. */
  readonly serverFaults: readonly string[];
  /** What clients did, by kind; each with some of its messages. */
  readonly clientLosses: Readonly<Record<string, readonly string[]>>;
  /** Messages that the server took, copies that were addressed to devices, and those that were shown to a person. */
  readonly accepted: number;
  readonly copies: number;
  readonly shown: number;
}

interface Run {
  /** JIDs in the order of the plan. */
  readonly groups: readonly string[];
  /** Ids of the messages that their clients say have left. */
  readonly left: readonly string[];
}

export async function judge(
  control: ControlClient,
  plan: Plan,
  people: Person[],
  { groups, left }: Run,
): Promise<Findings> {
  const { violations } = await control.violations();
  const entries = await allMessages(control);
  const queued = new Map((await control.devices()).map(one => [one.jid, one.queued]));
  const serverFaults = violations.filter(({ kind }) => !OF_CLIENTS.has(kind)).map(shownViolation);
  const losses: Record<string, string[]> = {};
  const lost = (kind: string, what: string) => {
    losses[kind] ??= [];
    losses[kind].push(what);
  };
  for (const one of violations) if (OF_CLIENTS.has(one.kind)) lost(one.kind, shownViolation(one));
  const byJid = new Map(people.map(person => [person.jid, person]));
  let copies = 0;
  let shown = 0;
  const soak = entries.filter(({ id }) => id.startsWith('SOAK'));
  const known = new Set(soak.map(({ id }) => id));
  for (const id of left) if (!known.has(id)) lost('said to be sent, never reached the server', id);
  for (const entry of soak) {
    for (const jid of expected(entry, plan, people, groups)) {
      const person = byJid.get(jid);
      const row = entry.devices[jid];
      if (!person) continue;
      copies++;
      const ways = person.shown.get(entry.id) ?? [];
      const times = ways.length;
      if (times > 0) shown++;
      const told = row?.receipts.map(({ type }) => type).join() ?? '';
      const what = `${entry.id} at ${jid} (sent ${entry.sent}, addressed ${row?.addressed}, handed ${row?.handed}, receipts ${told})`;
      if (times > 1) {
        // Baileys shows what it can decrypt, also when it knows the id.
        const why = (row?.addressed ?? 0) > 1 ? 'its sender sent it again' : 'it came again';
        lost(`shown twice, ${why}`, `${what}: ${ways.join(', ')}`);
      }
      if (!row?.addressed) lost('not encrypted for the device by its sender', what);
      else if (row.handed === 0) serverFaults.push(`never handed: ${what}`);
      else if (row.settled === undefined) {
        // The server keeps what is not confirmed; that the client says nothing is the client's.
        if (!queued.get(jid)) serverFaults.push(`neither confirmed nor queued: ${what}`);
        lost('handed again and again, never confirmed', what);
      } else if (times === 0)
        lost(
          {
            delivered: 'confirmed, never shown',
            retry: 'asked again, not sent again',
            nack: 'given up',
          }[row.settled],
          what,
        );
    }
  }
  return { serverFaults, clientLosses: losses, accepted: soak.length, copies, shown };
}

/** Companions that are to get it: of the chat, and of the sender but the sending one. Phones are the simulator's own. */
function expected(
  { from, to }: Entry,
  { members }: Plan,
  people: Person[],
  groups: readonly string[],
): string[] {
  const sender = people.find(one => one.jid === from);
  const inGroup = members[groups.indexOf(to)]?.map(account => people[account]?.phone ?? '');
  const involved = new Set([...(inGroup ?? [to.replace(/[:@].*/, '')]), sender?.phone ?? '']);
  return people.filter(one => one.jid !== from && involved.has(one.phone)).map(one => one.jid);
}

async function allMessages(control: ControlClient): Promise<Entry[]> {
  const all: Entry[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: Answer<'ledgerMessages'> = await control.call('ledgerMessages', {
      query: { after, limit: 1_000 },
    });
    all.push(...page.messages);
    after = page.next;
  }
  return all;
}

function shownViolation({ kind, id, device, detail }: Violation): string {
  return `${kind}: ${id} at ${device} (${detail})`;
}
