/** People as WhatsApp's answers name them: by LID or by number, with the other name beside it where the server tells it. */
import { type BinaryNode, getBinaryNodeChildren, isLidUser, isPnUser } from '@whiskeysockets/baileys';
import { bare } from '../jid.ts';
import type { Connection } from '../line/connection.ts';

/** `jid` is the number where that is known: it is what gowa's clients store. */
export interface Person {
  readonly jid: string;
  readonly lid?: string;
}

export type NameOf = (jid: string | undefined) => Person | undefined;

/** The attributes that name one person twice (Baileys Socket/groups.js, extractGroupMetadata). */
const pairs = [
  ['jid', 'phone_number'],
  ['jid', 'lid'],
  ['creator', 'creator_pn'],
  ['s_o', 's_o_pn'],
  ['participant', 'participant_pn'],
] as const;

/** How the people of an answer are named: from what the answer itself tells, then from what the device knows. */
export async function namesIn({ socket }: Connection, ...answers: readonly BinaryNode[]): Promise<NameOf> {
  const numbers = new Map<string, string>();
  const lids = new Map<string, string>();
  const learn = (lid: string, number: string) => {
    numbers.set(lid, number);
    lids.set(number, lid);
  };
  const named = new Set<string>();
  for (const { attrs } of answers.flatMap(everyNode))
    for (const [name, other] of pairs) {
      const [one, two] = [bare(attrs[name]), bare(attrs[other])];
      if (isLidUser(one)) named.add(one);
      if (isLidUser(one) && isPnUser(two)) learn(one, two);
      if (isPnUser(one) && isLidUser(two)) learn(two, one);
    }
  const unknown = [...named].filter(lid => !numbers.has(lid));
  for (const { lid, pn } of (await socket.signalRepository.lidMapping.getPNsForLIDs(unknown)) ?? [])
    learn(bare(lid), bare(pn));
  return jid => {
    const given = bare(jid);
    if (given === '') return undefined;
    const shown = numbers.get(given) ?? given;
    const lid = isLidUser(given) ? given : lids.get(given);
    return lid === undefined ? { jid: shown } : { jid: shown, lid };
  };
}

function everyNode(node: BinaryNode): BinaryNode[] {
  return [node, ...(Array.isArray(node.content) ? node.content.flatMap(everyNode) : [])];
}

/** An invitation for one person, which travels as a message. */
export interface Invitation {
  readonly code: string;
  /** Unix seconds. */
  readonly expiration: number;
}

/** What became of one of the people that a request named; without `error` it was done. */
export interface Outcome extends Person {
  readonly error?: number;
  /** With 403: their privacy lets nobody add them, but they can be invited (whatsmeow group.go, parseParticipant). */
  readonly invitation?: Invitation;
}

/** What became of the `<participant>`s of a node. */
export function outcomesIn(node: BinaryNode | undefined, nameOf: NameOf): Outcome[] {
  return getBinaryNodeChildren(node, 'participant').flatMap(participant => {
    const person = nameOf(participant.attrs.jid);
    if (!person) return [];
    const { error } = participant.attrs;
    const [invitation] = getBinaryNodeChildren(participant, 'add_request').map(({ attrs }) => ({
      code: attrs.code ?? '',
      expiration: Number(attrs.expiration),
    }));
    return [
      {
        ...person,
        ...(error !== undefined && { error: Number(error) }),
        ...(invitation && { invitation }),
      },
    ];
  });
}

/** `<participant>`s as requests name them. */
export const participantNodes = (jids: readonly string[]): BinaryNode[] =>
  jids.map(jid => ({ tag: 'participant', attrs: { jid } }));
