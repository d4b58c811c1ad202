// xmlns `w:g2` as linked devices ask it (protocol.md 11): making groups, seeing them, changing who and what is in them.
// A request is read into a change (request.ts), and what the change comes to is rendered.
import { accountJid } from '../accounts/accounts.ts';
import { namesHash } from '../delivery/participants-hash.ts';
import { type Answer, IqError } from '../stanzas/request.ts';
import { type BinaryNode, bytes, child, children, node } from '../wire/stanza.ts';
import { found } from './change.ts';
import { communityIqs } from './community-iqs.ts';
import { groupNode, personResult, twins } from './group-node.ts';
import type { Group } from './groups.ts';
import { inviteIqs, showInvited } from './invite-iqs.ts';
import { announce } from './notices.ts';
import { groupNamed, groupOf, need, peopleIn, perform } from './request.ts';
import { readSetting, SETTING_TAGS, type Settings } from './settings.ts';

const make: Answer = request => {
  const { world, device, content, after } = request;
  const has = (tag: string) => child(content, tag) !== undefined;
  const described = child(content, 'description');
  const parent = child(content, 'linked_parent');
  const above = parent && groupNamed(request, need(parent, 'jid'));
  if (parent && !above) throw new IqError(404);
  const settings: Partial<Settings> = {};
  for (const asked of children(content)) {
    if (!SETTING_TAGS.includes(asked.tag)) continue;
    const setting = readSetting(asked);
    if (!setting) throw new IqError(400);
    Object.assign(settings, setting);
  }
  const mode = child(content, 'parent')?.attrs.default_membership_approval_mode;
  if (has('parent')) settings.defaultApproval = mode === 'request_required';
  const made = found(world, device.account, {
    subject: need(content, 'subject', Number.POSITIVE_INFINITY),
    people: has('participant') ? peopleIn(request, content) : [],
    addressing: world.groups.newAddressing,
    key: content?.attrs.key,
    settings,
    description: described && { id: need(described, 'id'), text: textIn(child(described, 'body')) },
    community: has('parent') ? { generalChat: has('create_general_chat') } : undefined,
    parent: above,
  });
  after(() => announce(world, made.notices));
  return [groupNode(made.group, { failed: made.failed })];
};

function textIn(holder: BinaryNode | undefined): string {
  return bytes(holder)?.toString() ?? '';
}

/** One group: for its members, or with `<add_request>` for one who is invited (whatsmeow GetGroupInfoFromInvite). */
const query: Answer = request => {
  const { device, content, iq } = request;
  if (iq.attrs.to === '@g.us') return queryMany(request);
  const group = groupOf(request);
  const invitation = child(content, 'add_request');
  if (invitation) return [showInvited(request, group, invitation)];
  if (!group.members.has(device.account)) throw new IqError(403);
  // The client has the members already (whatsapp-rust GroupQueryIq).
  if (content?.attrs.phash !== undefined && content.attrs.phash === membersHash(group)) return [];
  return twins(group);
};

/** A hash of bare JIDs, made as the one of device lists is (protocol.md 8.1). */
function membersHash(group: Group): string {
  const names = [...group.members.keys()].map(account =>
    accountJid(account, group.addressing).replace('@', '.0:0@'),
  );
  return namesHash(names);
}

/** Many at once; each has its own error (whatsapp-rust BatchGetGroupInfoIq). */
const queryMany: Answer = request => {
  const asked = children(request.content, 'group');
  if (asked.length === 0 || asked.length > MAX_QUERIED) throw new IqError(400);
  const groups = asked.map(one => {
    const jid = need(one, 'jid');
    const group = groupNamed(request, jid);
    if (group?.members.has(request.device.account)) return groupNode(group);
    return node('group', { id: jid.replace('@g.us', ''), error: group ? '403' : '404' });
  });
  return [node('groups', {}, groups)];
};

/** whatsapp-rust BATCH_GROUP_INFO_LIMIT. */
const MAX_QUERIED = 10_000;

const participating: Answer = ({ world, device, content }) => {
  const shown = {
    participants: child(content, 'participants') !== undefined,
    description: child(content, 'description') !== undefined,
  };
  const mine = [...world.groups.of(device.account)].map(group => twins(group, shown));
  const communities = mine.flatMap(([, community]) => community ?? []);
  return [
    node(
      'groups',
      {},
      mine.flatMap(([group]) => group ?? []),
    ),
    ...(communities.length > 0 ? [node('communities', {}, communities)] : []),
  ];
};

const people =
  (type: 'add' | 'remove' | 'promote' | 'demote'): Answer =>
  request => {
    const group = groupOf(request);
    const outcome = perform(request, group, { type, people: peopleIn(request, request.content) });
    // whatsapp-rust takes `type="200"` for done, the others the absence of `error` (its tests/e2e/tests/groups.rs).
    const results = outcome.results?.map(result => personResult(group, result, '200'));
    return [node(type, {}, results)];
  };

/** `<group id>`, Baileys' `<community id>`, or a community with everything in it as `<linked_groups parent_group_jid>`. */
const leave: Answer = request => {
  const left = children(request.content).map(asked => {
    const id = need(asked, asked.tag === 'linked_groups' ? 'parent_group_jid' : 'id');
    const group = groupNamed(request, id);
    if (!group?.members.has(request.device.account))
      return node(asked.tag, { ...asked.attrs, error: group ? '403' : '404' });
    perform(request, group, { type: 'leave' });
    return node(asked.tag, { ...asked.attrs });
  });
  if (left.length === 0) throw new IqError(400);
  return [node('leave', {}, left)];
};

const subject: Answer = request => {
  perform(request, groupOf(request), { type: 'subject', subject: textIn(request.content) });
  return [];
};

/** Baileys names no new id when it deletes one; whatsmeow's SetGroupDescription names none at all. */
const description: Answer = request => {
  const { world, content } = request;
  const { prev, delete: deleted } = content?.attrs ?? {};
  const id = content?.attrs.id === undefined ? world.nextId() : need(content, 'id');
  const text = deleted === 'true' ? undefined : textIn(child(content, 'body'));
  perform(request, groupOf(request), { type: 'description', id, previous: prev, text });
  return [];
};

const setting: Answer = request => {
  const group = groupOf(request);
  const settings = request.content && readSetting(request.content);
  if (!settings) throw new IqError(400);
  perform(request, group, { type: 'settings', settings });
  return [];
};

/** A client has seen the group (whatsapp-rust AcknowledgeGroupIq). */
const acknowledge: Answer = request => {
  groupOf(request);
  return [];
};

/** What no row knows. */
const unknown: Answer = ({ world, iq, content }) => {
  world.ledger.unknownIq(`w:g2/${iq.attrs.type}/${content?.tag ?? ''}`);
  throw new IqError(400);
};

export const groupIqs: Readonly<Record<string, Answer>> = {
  'w:g2': unknown,
  'w:g2/set/create': make,
  'w:g2/get/query': query,
  'w:g2/get/participating': participating,
  'w:g2/set/add': people('add'),
  'w:g2/set/remove': people('remove'),
  'w:g2/set/promote': people('promote'),
  'w:g2/set/demote': people('demote'),
  'w:g2/set/leave': leave,
  'w:g2/set/subject': subject,
  'w:g2/set/description': description,
  ...Object.fromEntries(SETTING_TAGS.map(tag => [`w:g2/set/${tag}`, setting])),
  'w:g2/set/ack': acknowledge,
  ...inviteIqs,
  ...communityIqs,
};
