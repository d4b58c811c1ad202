/**
 * What WhatsApp says of a group (whatsmeow group.go, parseGroupNode; Baileys Socket/groups.ts, extractGroupMetadata;
 * whatsapp-rust wacore/src/iq/groups.rs, GroupInfoResponse). Times are Unix seconds.
 */
import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildString } from '@whiskeysockets/baileys';
import type { Connection } from '../line/connection.ts';
import { groupJidOf } from './group-query.ts';
import { type NameOf, namesIn, type Person } from './people.ts';

export interface Member extends Person {
  readonly role: 'member' | 'admin' | 'superadmin';
  /** Of members whose number is hidden from us. */
  readonly shownAs?: string;
}

export interface Description {
  readonly id: string;
  readonly text: string;
  readonly by?: Person;
  readonly at?: number;
}

export interface GroupInfo {
  readonly jid: string;
  readonly subject: string;
  readonly subjectBy?: Person;
  readonly subjectAt?: number;
  readonly owner?: Person;
  readonly ownerCountry?: string;
  readonly createdAt?: number;
  readonly addressing: string;
  readonly size: number;
  /** Move with every change of the members and of the admins. */
  readonly memberVersion: string;
  readonly adminVersion: string;
  /** Without those who could not be let in. */
  readonly members: readonly Member[];
  readonly description?: Description;
  readonly locked: boolean;
  readonly announcement: boolean;
  /** Seconds after which messages disappear; 0 is never. */
  readonly ephemeral: number;
  readonly incognito: boolean;
  readonly suspended: boolean;
  readonly joinApproval: boolean;
  readonly memberAddMode: string;
  readonly memberLinkMode: string;
  readonly memberShareHistoryMode: string;
  readonly noFrequentlyForwarded: boolean;
  readonly allowAdminReports: boolean;
  readonly groupHistory: boolean;
  readonly growthLockedUntil?: number;
  /** A community, what its groups are made with, and whether its members make some. */
  readonly community: boolean;
  readonly defaultApproval: string;
  readonly nonAdminSubgroups: boolean;
  /** The community that it belongs to, and what it is there. */
  readonly parent?: string;
  readonly announcements: boolean;
  readonly generalChat: boolean;
}

/** What a `<group>` says, with the names that the device knows of its people. */
export async function groupInfoOf(connection: Connection, group: BinaryNode): Promise<GroupInfo> {
  return readGroup(group, await namesIn(connection, group));
}

/** What a `<group>` says. Throws where it has no id. */
export function readGroup(group: BinaryNode, nameOf: NameOf): GroupInfo {
  const { attrs } = group;
  if (!attrs.id) throw new Error('a group without an id');
  const has = (tag: string) => getBinaryNodeChild(group, tag) !== undefined;
  const attribute = (tag: string, name: string) => getBinaryNodeChild(group, tag)?.attrs[name];
  const word = (tag: string) => getBinaryNodeChildString(group, tag) ?? '';
  const members = membersIn(group, nameOf);
  return {
    jid: groupJidOf(attrs.id),
    subject: attrs.subject ?? '',
    ...given('subjectBy', nameOf(attrs.s_o)),
    ...given('subjectAt', seconds(attrs.s_t)),
    ...given('owner', nameOf(attrs.creator)),
    ...given('ownerCountry', attrs.creator_country_code),
    ...given('createdAt', seconds(attrs.creation)),
    addressing: attrs.addressing_mode ?? '',
    size: seconds(attrs.size) ?? members.length,
    memberVersion: attrs.p_v_id ?? '',
    adminVersion: attrs.a_v_id ?? '',
    members,
    ...given('description', descriptionIn(group, nameOf)),
    locked: has('locked'),
    announcement: has('announcement'),
    ephemeral: seconds(attribute('ephemeral', 'expiration')) ?? 0,
    incognito: has('incognito'),
    suspended: has('suspended'),
    joinApproval: has('membership_approval_mode'),
    memberAddMode: word('member_add_mode'),
    memberLinkMode: word('member_link_mode'),
    memberShareHistoryMode: word('member_share_group_history_mode'),
    noFrequentlyForwarded: has('no_frequently_forwarded'),
    allowAdminReports: has('allow_admin_reports'),
    groupHistory: has('group_history'),
    ...given('growthLockedUntil', seconds(attribute('growth_locked', 'expiration'))),
    community: has('parent'),
    defaultApproval: attribute('parent', 'default_membership_approval_mode') ?? '',
    nonAdminSubgroups: has('allow_non_admin_sub_group_creation'),
    ...given('parent', attribute('linked_parent', 'jid')),
    announcements: has('default_sub_group'),
    generalChat: has('general_chat'),
  };
}

/** The `<participant>`s anywhere in a node that are in; answers about communities have them group by group. */
export function membersIn(node: BinaryNode, nameOf: NameOf): Member[] {
  if (!Array.isArray(node.content)) return [];
  return node.content.flatMap((child): Member[] => {
    if (child.tag !== 'participant') return child.tag === 'group' ? membersIn(child, nameOf) : [];
    const { jid, type, error, display_name } = child.attrs;
    const person = nameOf(jid);
    if (!person || error !== undefined) return [];
    const role = type === 'admin' || type === 'superadmin' ? type : 'member';
    return [{ ...person, role, ...given('shownAs', display_name) }];
  });
}

function descriptionIn(group: BinaryNode, nameOf: NameOf): Description | undefined {
  const node = getBinaryNodeChild(group, 'description');
  const text = node && getBinaryNodeChildString(node, 'body');
  if (text === undefined) return undefined;
  const { id = '', participant, t } = node?.attrs ?? {};
  return { id, text, ...given('by', nameOf(participant)), ...given('at', seconds(t)) };
}

/** The number in an attribute: Unix seconds, or a count; undefined where there is none. */
export function seconds(text: string | undefined): number | undefined {
  const number = Number(text);
  return text !== undefined && text !== '' && Number.isFinite(number) ? number : undefined;
}

function given<K extends string, V>(name: K, value: V | undefined): { [N in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [N in K]?: V };
}
