// xmlns `w:g2`: what only communities know (Baileys communities.ts, whatsmeow group.go, whatsapp-rust
// wacore/src/iq/groups.rs). The rest is asked of a community as of any group.
import { type Answer, IqError, type Request } from '../stanzas/request.ts';
import { type BinaryNode, children, node } from '../wire/stanza.ts';
import { everybody } from './communities.ts';
import { groupNode, participant } from './group-node.ts';
import type { Group } from './groups.ts';
import { linkedNode } from './notices.ts';
import type { GroupResult } from './outcome.ts';
import { groupNamed, groupOf, need, perform } from './request.ts';
import { MAX_SUBGROUPS } from './rules.ts';

/** The community that an iq is to, for one who is in it. Throws 404, 403, or 406 for a group that is none. */
function communityOf(request: Request): Group {
  const group = groupOf(request);
  if (!group.members.has(request.device.account)) throw new IqError(403);
  if (group.kind !== 'community') throw new IqError(406);
  return group;
}

function groupsIn(request: Request, holder: BinaryNode | undefined) {
  const asked = children(holder, 'group');
  if (asked.length === 0 || asked.length > MAX_SUBGROUPS) throw new IqError(400);
  return asked.map(one => {
    const jid = need(one, 'jid');
    const orphans = one.attrs.remove_orphaned_members === 'true';
    return { asked: jid, group: groupNamed(request, jid), orphans };
  });
}

const resultNodes = (results: readonly GroupResult[] = []) =>
  results.map(({ jid, error }) => node('group', { jid, error }));

const link: Answer = request => {
  const [asked] = children(request.content, 'link');
  if (asked?.attrs.link_type !== 'sub_group') throw new IqError(400);
  const groups = groupsIn(request, asked);
  const { linked } = perform(request, groupOf(request), { type: 'link', groups });
  return [node('links', {}, [node('link', { link_type: 'sub_group' }, resultNodes(linked))])];
};

const unlink: Answer = request => {
  if (request.content?.attrs.unlink_type !== 'sub_group') throw new IqError(400);
  const groups = groupsIn(request, request.content);
  const { linked } = perform(request, groupOf(request), { type: 'unlink', groups });
  return [node('unlink', { unlink_type: 'sub_group' }, resultNodes(linked))];
};

const deactivate: Answer = request => {
  perform(request, groupOf(request), { type: 'deactivate' });
  return [];
};

const subgroups: Answer = request => {
  const { groups } = request.world;
  return [node('sub_groups', {}, groups.subgroups(communityOf(request)).map(linkedNode))];
};

const participants: Answer = request => {
  const community = communityOf(request);
  const people = [...everybody(request.world.groups, community)];
  return [
    node(
      'linked_groups_participants',
      {},
      people.map(account => participant(community, account)),
    ),
  ];
};

/** One of the community's groups, as whoever is in the community but not in it may see it: without its people. */
const queryLinked: Answer = request => {
  const community = communityOf(request);
  const group = groupNamed(request, need(request.content, 'jid'));
  if (group?.parent !== community) throw new IqError(404);
  const shown = { participants: group.members.has(request.device.account) };
  return [node('linked_group', { jid: group.jid }, [groupNode(group, shown)])];
};

const joinLinked: Answer = request => {
  const group = groupNamed(request, need(request.content, 'jid'));
  const outcome = perform(request, groupOf(request), { type: 'join-subgroup', group });
  if (outcome.pending) return [node('membership_approval_request', { jid: outcome.group.jid })];
  return [node('linked_group', { jid: outcome.group.jid }, [groupNode(outcome.group)])];
};

export const communityIqs: Readonly<Record<string, Answer>> = {
  'w:g2/set/links': link,
  'w:g2/set/unlink': unlink,
  'w:g2/set/delete_parent': deactivate,
  'w:g2/get/sub_groups': subgroups,
  'w:g2/get/linked_groups_participants': participants,
  'w:g2/get/query_linked': queryLinked,
  'w:g2/set/join_linked_group': joinLinked,
};
