/** The names of people: the phone number is shown where it is known, the LID beside it. */
import { isLidUser, isPnUser } from '@whiskeysockets/baileys';
import type { Draft } from '../../journal/event.ts';
import type { Fields } from './read.ts';

type Other = (name: string) => Promise<string | undefined>;

/** A field with a name to show, and the one that has the LID. */
const PAIRS = [
  ['from', 'from_lid'],
  ['chat_id', 'chat_lid'],
  ['jid', 'lid'],
  ['by', 'by_lid'],
  ['quoted_from', 'quoted_from_lid'],
  ['revoked_from', 'revoked_from_lid'],
] as const;

/** Lists of people, and those that have their LIDs in the same order. */
const LISTS = [
  ['jids', 'lids'],
  ['mentions', 'mention_lids'],
] as const;

/** What is known of a name by the other one. Digits in, digits out. */
export interface Known {
  readonly numberOf: Other;
  readonly lidOf: Other;
}

/** The payload with both names of everybody of whom both are known: the number to be shown, the LID beside it. */
export async function numbered(payload: Fields, { numberOf, lidOf }: Known): Promise<Fields> {
  let found: Record<string, unknown> | undefined;
  for (const [shown, lid] of PAIRS) {
    const name = payload[shown];
    if (typeof name !== 'string') continue;
    if (isLidUser(name)) {
      const number = await numberFor(name, numberOf);
      if (number !== undefined) found = { ...payload, ...found, [shown]: number, [lid]: name };
    } else if (isPnUser(name) && payload[lid] === undefined) {
      const other = await lidOf(userOf(name));
      if (other !== undefined) found = { ...payload, ...found, [lid]: `${other}@lid` };
    }
  }
  for (const [people, lids] of LISTS) {
    const names: unknown = payload[people];
    if (!Array.isArray(names) || !names.some(name => isLidUser(name))) continue;
    const shown = await Promise.all(
      names.map(async name => (isLidUser(name) && (await numberFor(name, numberOf))) || name),
    );
    if (shown.every((name, n) => name === names[n])) continue;
    found ??= { ...payload };
    found[people] = shown;
    found[lids] ??= names.map(name => (isLidUser(name) ? name : ''));
  }
  return found ?? payload;
}

/** The LIDs in a payload whose numbers stand beside them; both without their servers. */
export function namedTwice(payload: Fields): [lid: string, number: string][] {
  const { jids, lids } = payload;
  const people = Array.isArray(jids) && Array.isArray(lids) ? jids.map((jid, n) => [jid, lids[n]]) : [];
  return [...PAIRS.map(([shown, lid]) => [payload[shown], payload[lid]]), ...people].flatMap(
    ([shown, lid]) => {
      if (typeof shown !== 'string' || typeof lid !== 'string') return [];
      return isPnUser(shown) && isLidUser(lid) ? [[userOf(lid), userOf(shown)] as [string, string]] : [];
    },
  );
}

const userOf = (jid: string) => jid.slice(0, jid.indexOf('@'));

/** A number and a LID are one person: the same fact whoever tells it. Nothing, where one of them is none. */
export function sameIdentity(jid: string, lid: string, at: number): Draft[] {
  if (!isPnUser(jid) || !isLidUser(lid)) return [];
  const payload = { jid, lid, timestamp: new Date(at).toISOString() };
  return [{ event: 'contact.lid', at, identity: `${lid} ${jid}`, payload }];
}

async function numberFor(lid: string, numberOf: Other): Promise<string | undefined> {
  const number = await numberOf(userOf(lid));
  return number === undefined ? undefined : `${number}@s.whatsapp.net`;
}
