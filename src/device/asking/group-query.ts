/**
 * Requests about groups and communities (xmlns `w:g2`). Baileys has functions for most of them, which call a request done
 * when its time is over (Socket/socket.ts: `query` resolves with undefined) and drop what the answer says of single people
 * and groups (Socket/groups.ts, Socket/communities.ts).
 */
import { type BinaryNode, getBinaryNodeChild } from '@whiskeysockets/baileys';
import type { Connection } from '../line/connection.ts';
import { answered } from './answer.ts';

/** Where requests go that are about no group yet. */
export const GROUP_SERVER = '@g.us';

/** Asks for something about a group, or changes it. */
export async function askGroup(
  { socket, groups }: Connection,
  to: string,
  type: 'get' | 'set',
  content: BinaryNode,
): Promise<BinaryNode> {
  try {
    return answered(
      await socket.query({ tag: 'iq', attrs: { to, type, xmlns: 'w:g2' }, content: [content] }),
    );
  } finally {
    // All of them: who leaves a community is out of its groups, too.
    if (type === 'set') groups.forget();
  }
}

/** A JID of a group, from its name with or without the server's. */
export const groupJidOf = (id: string | undefined): string =>
  id === undefined || id.includes('@') ? (id ?? '') : `${id}@g.us`;

/** Where somebody is now who came in, or waits to be let in (whatsmeow group.go, JoinGroupWithLink). */
export interface Entry {
  readonly group: string;
  /** An admin has to approve. */
  readonly pending: boolean;
}

/** Where the answer to a join says that we are; `asked` where it names no group. */
export function entryIn(answer: BinaryNode, asked = ''): Entry {
  const waits = getBinaryNodeChild(answer, 'membership_approval_request');
  const group = waits ?? getBinaryNodeChild(answer, 'group') ?? getBinaryNodeChild(answer, 'linked_group');
  return { group: group?.attrs.jid ?? asked, pending: waits !== undefined };
}
