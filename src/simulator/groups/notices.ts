// Telling members what happened in their group: `<notification type="w:gp2">` (protocol.md 11; Baileys
// `handleGroupNotification`, whatsmeow `parseGroupChange`, whatsapp-rust wacore/src/stanza/groups.rs). whatsmeow drops a
// whole notification in which an attribute is missing, so what it reads as required is always there.
import { type Account, accountJid, companionsOf } from '../accounts/accounts.ts';
import { notification, pushTo } from '../delivery/notify.ts';
import type { Happening } from '../events.ts';
import { type BinaryNode, node, SERVER } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { groupId, groupNode, named, participant, personAttrs } from './group-node.ts';
import type { Group } from './groups.ts';
import type { News, Notice } from './outcome.ts';
import { settingNews } from './settings.ts';

/** Hands every notice to the linked devices of those it is for. */
export function announce(world: World, notices: readonly Notice[]): void {
  for (const notice of notices) {
    const stanza = groupNotification(world, notice);
    for (const account of notice.to) pushTo(world, account, stanza);
    world.events.tell(happening(notice));
  }
}

/** The news for those who watch the world. */
function happening({ group, by, news }: Notice): Happening {
  return {
    kind: 'group',
    group: group.jid,
    change: news.type === 'setting' ? news.key : news.type,
    ...(by && { by: by.phone }),
    ...('people' in news && { people: news.people.map(account => account.phone) }),
  };
}

/** What this account's devices know of groups is old: Baileys fetches them anew. The devices that were told. */
export function markDirty(world: World, account: Account): number {
  const dirty = node('dirty', { type: 'groups', timestamp: world.clock.seconds() });
  const told = companionsOf(account).filter(device => device.mailbox.live);
  for (const device of told) device.mailbox.pushVolatile(node('ib', { from: SERVER }, [dirty]));
  return told.length;
}

function groupNotification(world: World, { group, by, news }: Notice): BinaryNode {
  const attrs = {
    from: group.jid,
    type: 'w:gp2',
    ...(news.type === 'modify' ? { participant: news.before } : actor(group, by)),
    addressing_mode: group.addressing === 'lid' ? 'lid' : 'pn',
  };
  return notification(world, attrs, [describe(group, news)]);
}

function actor(group: Group, by: Account | undefined) {
  if (!by) return {};
  const other = group.addressing === 'lid' ? {} : { participant_lid: accountJid(by, 'lid') };
  return { ...named(group, by, 'participant'), ...other, notify: by.name };
}

function describe(group: Group, news: News): BinaryNode {
  switch (news.type) {
    case 'create':
      return node('create', { type: news.fresh ? 'new' : undefined, reason: news.reason, key: news.key }, [
        groupNode(group),
      ]);
    case 'add':
    case 'remove':
    case 'promote':
    case 'demote':
    case 'linked_group_promote':
    case 'linked_group_demote':
    case 'modify':
      return people(group, news);
    case 'subject': {
      const changed = { s_t: String(group.subjectAt), ...named(group, group.subjectBy, 's_o') };
      return node('subject', { subject: group.subject, ...changed });
    }
    case 'description':
      return description(group, news.id);
    case 'setting':
      return settingNews(group.settings, news.key, String(group.adminVersion)) ?? node(news.key, {});
    case 'invite':
      return node('invite', { code: group.inviteCode });
    case 'reports':
      return node('reports', {});
    case 'created_membership_requests': {
      const attrs = { request_method: news.method, parent_group_jid: group.parent?.jid };
      const users = news.people.map(account => node('requested_user', personAttrs(group, account)));
      return node(news.type, attrs, users);
    }
    case 'revoked_membership_requests':
      return node(
        news.type,
        {},
        news.people.map(account => node('participant', personAttrs(group, account))),
      );
    case 'link':
      return node('link', { link_type: news.as }, [linkedNode(news.other)]);
    case 'unlink':
      return node('unlink', { unlink_type: news.as, unlink_reason: news.reason ?? 'unlink_group' }, [
        linkedNode(news.other),
      ]);
    case 'delete':
      return node('delete', { reason: news.reason });
  }
}

function people(group: Group, news: Extract<News, { people: readonly Account[] }>): BinaryNode {
  const version = group.participantVersion;
  const attrs = {
    reason: 'reason' in news ? news.reason : undefined,
    prev_v_id: String(version - 1),
    v_id: String(version),
  };
  const changed = news.people.map(account => participant(group, account, group.members.get(account)));
  return node(news.type, attrs, changed);
}

function description(group: Group, id: string): BinaryNode {
  const text = group.description?.text;
  return node('description', { id }, [
    text === undefined ? node('delete', {}) : node('body', {}, Buffer.from(text)),
  ]);
}

/** A group as links name it (whatsmeow `parseGroupLinkTargetNode`). */
export function linkedNode(group: Group): BinaryNode {
  const attrs = {
    jid: group.jid,
    id: groupId(group),
    subject: group.subject,
    s_t: String(group.subjectAt),
    creation: String(group.created),
    ...named(group, group.creator, 'creator'),
    size: String(group.members.size),
  };
  return node('group', attrs, group.kind === 'announcements' ? [node('default_sub_group', {})] : undefined);
}
