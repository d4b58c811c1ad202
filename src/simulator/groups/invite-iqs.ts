// xmlns `w:g2`: invitations, requests to be let in, and reports to admins (protocol.md 11).
import { type Answer, IqError, type Request } from '../stanzas/request.ts';
import { type BinaryNode, children, node } from '../wire/stanza.ts';
import { sceneOf } from './change.ts';
import { groupNode, personAttrs, personResult, twins } from './group-node.ts';
import type { Group } from './groups.ts';
import { type Acceptance, behindCode, checkInvitation, seeCode } from './invites.ts';
import type { Outcome } from './outcome.ts';
import { seeReports } from './reports.ts';
import { groupOf, need, peopleIn, perform } from './request.ts';
import { requireAdmin } from './rules.ts';

/** Of a group, its code; of the server, the group behind a code, without the people in it [guessed]. */
const getInvite: Answer = request => {
  const { world, device, iq, content } = request;
  if (iq.attrs.to !== '@g.us') {
    const code = seeCode(sceneOf(world, device.account, groupOf(request)));
    return [node('invite', { code })];
  }
  const group = behindCode(world.groups, need(content, 'code'), Number(world.clock.seconds()));
  return twins(group, { participants: false });
};

/** To a group, a new code; to the server, joining by code. */
const setInvite: Answer = request => {
  const { world, iq, content } = request;
  if (iq.attrs.to !== '@g.us') {
    const { group } = perform(request, groupOf(request), { type: 'reset-invite' });
    return [node('invite', { code: group.inviteCode })];
  }
  const code = need(content, 'code');
  const group = behindCode(world.groups, code, Number(world.clock.seconds()));
  return entered(perform(request, group, { type: 'join', code }));
};

/** Where one is now, or waits to be (whatsmeow JoinGroupWithLink). Baileys looks for a community under another name. */
function entered({ group, pending }: Outcome): BinaryNode[] {
  if (pending) return [node('membership_approval_request', { jid: group.jid })];
  const joined = node('group', { jid: group.jid });
  return group.kind === 'community' ? [joined, node('community', { jid: group.jid })] : [joined];
}

function acceptance({ world }: Request, asked: BinaryNode | undefined): Acceptance {
  const expiration = Number(need(asked, 'expiration'));
  if (!Number.isSafeInteger(expiration)) throw new IqError(400);
  return { code: need(asked, 'code'), expiration, inviter: world.accounts.byJid(need(asked, 'admin')) };
}

const accept: Answer = request => {
  const given = acceptance(request, request.content);
  return entered(perform(request, groupOf(request), { type: 'accept', ...given }));
};

/** The group that somebody is invited to. Throws 410 for an invitation that does not hold. */
export function showInvited(request: Request, group: Group, invitation: BinaryNode): BinaryNode {
  const scene = sceneOf(request.world, request.device.account, group);
  checkInvitation(scene, acceptance(request, invitation));
  return groupNode(group, { participants: false });
}

const withdraw: Answer = request => {
  const group = groupOf(request);
  const people = peopleIn(request, request.content);
  const { results } = perform(request, group, { type: 'withdraw-invites', people });
  return [
    node(
      'revoke',
      {},
      results?.map(one => personResult(group, one)),
    ),
  ];
};

const requests: Answer = request => {
  const group = groupOf(request);
  requireAdmin(sceneOf(request.world, request.device.account, group));
  const waiting = [...group.requests].map(([account, { at, method, by }]) =>
    node('membership_approval_request', {
      ...personAttrs(group, account),
      request_method: method,
      request_time: String(at),
      requestor: by && personAttrs(group, by).jid,
      parent_group_jid: group.parent?.jid,
    }),
  );
  return [node('membership_approval_requests', {}, waiting)];
};

const decide: Answer = request => {
  const group = groupOf(request);
  const actions = children(request.content).map(action => {
    const type = action.tag;
    if (type !== 'approve' && type !== 'reject') throw new IqError(400);
    const { results } = perform(request, group, { type, people: peopleIn(request, action) });
    return node(
      type,
      {},
      results?.map(one => personResult(group, one)),
    );
  });
  if (actions.length === 0) throw new IqError(400);
  return [node('membership_requests_action', {}, actions)];
};

const cancel: Answer = request => {
  const group = groupOf(request);
  const people = peopleIn(request, request.content);
  const { results } = perform(request, group, { type: 'cancel', people });
  return [
    node(
      'cancel_membership_requests',
      {},
      results?.map(one => personResult(group, one)),
    ),
  ];
};

const report: Answer = request => {
  const group = groupOf(request);
  const messages = children(request.content, 'report').map(one => need(one, 'message_id'));
  if (messages.length === 0 || messages.length > MAX_REPORTED) throw new IqError(400);
  perform(request, group, { type: 'report', messages });
  return [];
};

/** Messages in one report. */
const MAX_REPORTED = 100;

const reports: Answer = request => {
  const group = groupOf(request);
  const kept = seeReports(sceneOf(request.world, request.device.account, group));
  const listed = [...kept].map(([id, by]) => {
    const reporters = by.map(one =>
      node('reporter', { ...personAttrs(group, one.by), timestamp: String(one.at) }),
    );
    return node('report', { message_id: id }, reporters);
  });
  return [node('reports', {}, listed)];
};

export const inviteIqs: Readonly<Record<string, Answer>> = {
  'w:g2/get/invite': getInvite,
  'w:g2/set/invite': setInvite,
  'w:g2/set/accept': accept,
  'w:g2/set/revoke': withdraw,
  'w:g2/get/membership_approval_requests': requests,
  'w:g2/set/membership_requests_action': decide,
  'w:g2/set/cancel_membership_requests': cancel,
  'w:g2/set/reports': report,
  'w:g2/get/reports': reports,
};
