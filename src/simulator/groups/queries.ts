// xmlns `w:mex`: a community's groups as WhatsApp Web asks for them (whatsapp-rust src/features/community.rs, operation ids
// of its wacore/src/iq/mex_operations.rs).
import { accountJid } from '../accounts/accounts.ts';
import { fieldOf, type MexAnswer, MexError, type MexRequest, textOf } from '../stanzas/mex-request.ts';
import type { Group } from './groups.ts';

/** The community that a query names, for one who is in it. */
function communityNamed({ world, device }: MexRequest, jid: string): Group {
  const group = world.groups.byJid(jid);
  if (!group) throw new MexError(404, 'there is no such group');
  if (!group.members.has(device.account)) throw new MexError(403, 'this account is not in the group');
  return group;
}

const subgroups: MexAnswer = request => {
  const community = communityNamed(request, textOf(request.variables, 'group_id'));
  const groups = request.world.groups.subgroups(community);
  const announcements = groups.find(one => one.kind === 'announcements');
  const rest = groups.filter(one => one !== announcements);
  return {
    xwa2_group_query_by_id: {
      id: community.jid,
      default_sub_group: announcements ? describe(announcements) : null,
      sub_groups: { edges: rest.map(one => ({ node: describe(one) })) },
    },
  };
};

const participantCounts: MexAnswer = request => {
  const input = fieldOf(request.variables, 'input');
  const community = communityNamed(request, textOf(input, 'group_jid'));
  const edges = request.world.groups.subgroups(community).map(({ jid, members }) => ({
    node: { id: jid, total_participants_count: members.size },
  }));
  return { xwa2_group_query_by_id: { id: community.jid, sub_groups: { edges } } };
};

function describe(group: Group) {
  return {
    id: group.jid,
    subject: { value: group.subject, creation_time: String(group.subjectAt) },
    creation_time: String(group.created),
    creator: group.creator && { id: accountJid(group.creator, group.addressing) },
    participants_count: group.members.size,
    properties: { general_chat: group.kind === 'general' },
  };
}

export const groupQueries: Readonly<Record<string, MexAnswer>> = {
  '9935467776504344': subgroups,
  '24079399904996141': participantCounts,
};
