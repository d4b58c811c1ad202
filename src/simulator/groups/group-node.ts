// How a group and its people look on the wire (protocol.md 11; Baileys `extractGroupMetadata`, whatsmeow
// `parseGroupNode`, whatsapp-rust wacore/src/iq/groups.rs GroupInfoResponse).
import { type Account, accountJid } from '../accounts/accounts.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { Group, Role } from './groups.ts';
import type { PersonResult } from './outcome.ts';
import { settingNodes } from './settings.ts';

/** The group's name without `@g.us`: whatsmeow puts that behind whatever it gets. */
export function groupId(group: Group): string {
  return group.jid.slice(0, -'@g.us'.length);
}

/** A member in the group's form, with the other form beside it. */
export function personAttrs(group: Group, account: Account): Record<string, string> {
  return group.addressing === 'lid'
    ? { jid: accountJid(account, 'lid'), phone_number: accountJid(account) }
    : { jid: accountJid(account), lid: accountJid(account, 'lid') };
}

/** As `personAttrs`, under other names: `creator` and `creator_pn`, `s_o` and `s_o_pn`. */
export function named(group: Group, account: Account | undefined, name: string, suffix = '_pn') {
  if (!account) return {};
  return group.addressing === 'lid'
    ? { [name]: accountJid(account, 'lid'), [`${name}${suffix}`]: accountJid(account) }
    : { [name]: accountJid(account) };
}

export interface Shown {
  readonly participants?: boolean;
  readonly description?: boolean;
  /** People that were asked for and could not be let in; a creation tells of them (whatsmeow `parseParticipant`). */
  readonly failed?: readonly PersonResult[];
}

/** `<group>` as queries, creations and their news carry it; without `shown` with all that there is. */
export function groupNode(group: Group, shown: Shown = {}): BinaryNode {
  const { participants = true, description = true, failed = [] } = shown;
  const content: BinaryNode[] = [];
  if (participants) {
    for (const [account, role] of group.members) content.push(participant(group, account, role));
    for (const result of failed) content.push(personResult(group, result));
  }
  if (description && group.description) content.push(descriptionNode(group));
  content.push(...settingNodes(group.settings), ...communityNodes(group));
  const attrs = {
    id: groupId(group),
    subject: group.subject,
    s_t: String(group.subjectAt),
    ...named(group, group.subjectBy, 's_o'),
    creation: String(group.created),
    ...named(group, group.creator, 'creator'),
    addressing_mode: group.addressing === 'lid' ? 'lid' : 'pn',
    size: String(group.members.size),
    a_v_id: String(group.adminVersion),
    p_v_id: String(group.participantVersion),
  };
  return node('group', attrs, content);
}

/**
 * A group, and a community a second time as `<community>`: Baileys' communities.ts and whatsapp-rust look for that name,
 * whatsmeow for the other [inferred].
 */
export function twins(group: Group, shown?: Shown): BinaryNode[] {
  const one = groupNode(group, shown);
  return group.kind === 'community' ? [one, { ...one, tag: 'community' }] : [one];
}

/** `<participant>`; the role is left out for plain members. */
export function participant(group: Group, account: Account, role: Role = 'member'): BinaryNode {
  return node('participant', {
    ...personAttrs(group, account),
    type: role === 'member' ? undefined : role,
  });
}

/** What became of one person, as answers to add, remove, promote, ... carry it. */
export function personResult(group: Group, result: PersonResult, done?: string): BinaryNode {
  const { account, asked, error, invite } = result;
  const attrs = account ? personAttrs(group, account) : { jid: asked };
  const request = invite && [
    node('add_request', { code: invite.code, expiration: String(invite.expiration) }),
  ];
  return node('participant', { ...attrs, type: error === undefined ? done : undefined, error }, request);
}

function descriptionNode(group: Group): BinaryNode {
  const { id, text, by, at } = group.description as NonNullable<Group['description']>;
  const attrs = { id, t: String(at), ...named(group, by, 'participant') };
  return node('description', attrs, [node('body', {}, Buffer.from(text))]);
}

function communityNodes(group: Group): BinaryNode[] {
  const nodes: BinaryNode[] = [];
  if (group.kind === 'community') {
    const mode = group.settings.defaultApproval ? 'request_required' : undefined;
    nodes.push(node('parent', { default_membership_approval_mode: mode }));
  }
  if (group.parent) nodes.push(node('linked_parent', { jid: group.parent.jid }));
  if (group.kind === 'announcements') nodes.push(node('default_sub_group', {}));
  if (group.kind === 'general') nodes.push(node('general_chat', {}));
  return nodes;
}
