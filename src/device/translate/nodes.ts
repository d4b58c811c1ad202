/** Reading stanzas: what Baileys' events of them leave out. Whatever is missing is undefined, and nothing throws. */
import { type BinaryNode, isLidUser, isPnUser } from '@whiskeysockets/baileys';
import { bare, party } from '../jid.ts';
import { type Fields, given, text, timeOf } from './read.ts';

/** The children of a node, those of one tag if it is given. */
export function childrenOf({ content }: BinaryNode, tag?: string): readonly BinaryNode[] {
  if (!Array.isArray(content)) return [];
  return tag === undefined ? content : content.filter(child => child.tag === tag);
}

/** The first child of that tag. */
export const childOf = (node: BinaryNode | undefined, tag: string): BinaryNode | undefined =>
  node && childrenOf(node, tag)[0];

/** The content of a node that is no list, as text. */
export function textIn(node: BinaryNode | undefined): string | undefined {
  const content = node?.content;
  if (content instanceof Uint8Array) return Buffer.from(content).toString('utf8');
  return typeof content === 'string' ? content : undefined;
}

/** When it happened, in both forms of an event. */
export function timesOf({ attrs }: BinaryNode): { readonly at: number; readonly timestamp: string } {
  const at = timeOf(attrs.t);
  return { at, timestamp: new Date(at).toISOString() };
}

/** The same stanza, when it comes again, tells the same facts: by its id, where it has one. */
export function namedBy({ attrs }: BinaryNode, ...parts: readonly unknown[]): { readonly identity?: string } {
  return attrs.id === undefined ? {} : { identity: [...parts, attrs.id].join(' ') };
}

/** A person whom a stanza names, with the other name beside the first where it has both. */
export function personOf({ attrs }: BinaryNode): { shown: string; lid?: string } {
  const { jid, phone_number, pn_jid, lid } = attrs;
  return party(
    jid,
    [phone_number, pn_jid, lid].find(alt => isPnUser(alt) || isLidUser(alt)),
  );
}

/** The people of a list: who is shown, and the LIDs in the same order where any is known. */
export function peopleOf(nodes: readonly BinaryNode[]): Fields & { readonly jids: readonly string[] } {
  const people = nodes.map(personOf).filter(({ shown }) => shown !== '');
  const lids = people.map(({ shown, lid }) => lid ?? (isLidUser(shown) ? shown : ''));
  return {
    jids: people.map(({ shown }) => shown),
    ...given({ lids: lids.some(Boolean) ? lids : undefined }),
  };
}

/** Who did it, of a notification: `participant` with its other name. */
export function actorOf({ attrs }: BinaryNode): Fields {
  const { shown, lid } = party(attrs.participant, attrs.participant_pn ?? attrs.participant_lid);
  if (shown === '') return {};
  return given({ from: shown, from_lid: lid, from_name: text(attrs.notify) });
}

/** The chat or person that a stanza comes from. */
export const sourceOf = ({ attrs }: BinaryNode): string => bare(attrs.from);
