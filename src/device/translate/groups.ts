/**
 * What happens to groups, from the notification itself: Baileys reads its first change alone, keeps the first update of a
 * group while others wait, and cannot tell a changed number (Socket/messages-recv.ts, handleGroupNotification).
 */
import { type BinaryNode, isJidGroup } from '@whiskeysockets/baileys';
import { bare } from '../jid.ts';
import type { Self, Told } from './envelope.ts';
import { actorOf, childOf, childrenOf, namedBy, peopleOf, sourceOf, textIn, timesOf } from './nodes.ts';
import { type Fields, given, number, positive, text, timestamp } from './read.ts';

/** `<notification type="w:gp2">`: an event for each change in it. */
export function fromGroupNews(node: BinaryNode, self: Self): Told[] {
  const group = sourceOf(node);
  if (!isJidGroup(group)) return [];
  const { at, timestamp } = timesOf(node);
  return childrenOf(node).flatMap((change, n) => {
    const told = changeOf(change, node, self);
    if (!told) return [];
    const [event, fields] = told;
    const payload = { chat_id: group, ...fields, ...actorOf(node), timestamp };
    return [{ event, at, ...namedBy(node, group, n), payload }];
  });
}

type Change = readonly [
  event: 'group.joined' | 'group.participants' | 'group.updated' | 'group.join_request',
  fields: Fields,
];

/** How gowa calls what happens to members. */
const MEMBERS: Readonly<Record<string, string>> = {
  add: 'join',
  remove: 'leave',
  leave: 'leave',
  promote: 'promote',
  demote: 'demote',
};

function changeOf(change: BinaryNode, node: BinaryNode, self: Self): Change | undefined {
  const { tag, attrs } = change;
  const members = Object.hasOwn(MEMBERS, tag) ? MEMBERS[tag] : undefined;
  if (members !== undefined) {
    const people = peopleOf(childrenOf(change, 'participant'));
    return ['group.participants', { type: members, ...people, ...given({ reason: text(attrs.reason) }) }];
  }
  switch (tag) {
    case 'create': {
      const name = text(childOf(change, 'group')?.attrs.subject);
      const fields = { type: 'join', jids: [bare(self.jid)], reason: attrs.reason ?? '' };
      return ['group.joined', { ...fields, ...given({ group_name: name }) }];
    }
    case 'modify': {
      const people = peopleOf(childrenOf(change, 'participant'));
      return [
        'group.participants',
        { type: 'change_number', ...people, previous_jids: [bare(node.attrs.participant)] },
      ];
    }
    case 'created_membership_requests': {
      const asked = childrenOf(change, 'requested_user');
      const people = peopleOf(
        asked.length > 0 ? asked : [{ tag: '', attrs: { jid: node.attrs.participant ?? '' } }],
      );
      return [
        'group.join_request',
        { type: 'created', ...people, ...given({ method: text(attrs.request_method) }) },
      ];
    }
    case 'revoked_membership_requests': {
      const asked = childrenOf(change, 'participant');
      const own = asked.some(({ attrs: { jid } }) => bare(jid) === bare(node.attrs.participant));
      return ['group.join_request', { type: own ? 'revoked' : 'rejected', ...peopleOf(asked) }];
    }
    default: {
      const fields = settingOf(change);
      return fields && ['group.updated', fields];
    }
  }
}

/** Settings that are one tag when they are on and another when they are off (whatsmeow group.go, whatsapp-rust groups.rs). */
const SWITCHES: Readonly<Record<string, readonly [field: string, on: boolean]>> = {
  announcement: ['announce', true],
  not_announcement: ['announce', false],
  locked: ['locked', true],
  unlocked: ['locked', false],
  no_frequently_forwarded: ['no_frequently_forwarded', true],
  frequently_forwarded_ok: ['no_frequently_forwarded', false],
  suspended: ['suspended', true],
  unsuspended: ['suspended', false],
  allow_admin_reports: ['admin_reports', true],
  not_allow_admin_reports: ['admin_reports', false],
  group_history: ['history_for_new_members', true],
  no_group_history: ['history_for_new_members', false],
  allow_non_admin_sub_group_creation: ['member_subgroups', true],
  not_allow_non_admin_sub_group_creation: ['member_subgroups', false],
};

/** Settings that are a word. */
const WORDS: Readonly<Record<string, string>> = {
  member_add_mode: 'member_add_mode',
  member_link_mode: 'member_link_mode',
  member_share_group_history_mode: 'member_share_history_mode',
};

function settingOf(change: BinaryNode): Fields | undefined {
  const { tag, attrs } = change;
  const flip = Object.hasOwn(SWITCHES, tag) ? SWITCHES[tag] : undefined;
  if (flip) return { [flip[0]]: flip[1] };
  const word = Object.hasOwn(WORDS, tag) ? WORDS[tag] : undefined;
  if (word !== undefined) return { [word]: textIn(change) ?? '' };
  switch (tag) {
    case 'subject':
      return { subject: attrs.subject ?? '' };
    case 'description':
      return {
        description: textIn(childOf(change, 'body')) ?? '',
        ...given({ description_id: text(attrs.id) }),
      };
    case 'ephemeral':
      return { expires_in: number(attrs.expiration) ?? 0 };
    case 'not_ephemeral':
      return { expires_in: 0 };
    case 'membership_approval_mode': {
      const [asked] = childrenOf(change);
      return {
        [asked?.tag === 'community_join' ? 'subgroup_approval' : 'approval']: asked?.attrs.state === 'on',
      };
    }
    case 'growth_locked':
      return { growth_locked: true, ...given({ until: timestamp(positive(attrs.expiration)) }) };
    case 'growth_unlocked':
      return { growth_locked: false };
    case 'invite':
      return { invite_link: `https://chat.whatsapp.com/${attrs.code ?? ''}` };
    case 'link':
    case 'unlink':
      return { [`${tag}ed`]: linkedIn(change) };
    case 'delete':
      return { deleted: true, ...given({ reason: text(attrs.reason) }) };
    case 'reports':
      return undefined;
    default:
      return { change: tag };
  }
}

function linkedIn(change: BinaryNode): Fields {
  const { jid, id, subject } = childOf(change, 'group')?.attrs ?? {};
  const group = jid ?? (id === undefined ? undefined : `${id.replace(/@.*/, '')}@g.us`);
  const type = change.attrs.link_type ?? change.attrs.unlink_type;
  return given({
    group_id: group,
    group_name: text(subject),
    type: text(type),
    reason: text(change.attrs.unlink_reason),
  });
}

/** A new picture, or none any more. */
export function groupPicture(node: BinaryNode, change: BinaryNode): Told {
  const { at, timestamp } = timesOf(node);
  const group = sourceOf(node);
  const picture = change.tag === 'delete' ? 'removed' : 'changed';
  const payload = {
    chat_id: group,
    picture,
    ...given({ picture_id: text(change.attrs.id) }),
    ...given({ from: bare(change.attrs.author) || undefined }),
    ...actorOf(node),
    timestamp,
  };
  return { event: 'group.updated', at, ...namedBy(node, group), payload };
}
