// Groups as callers see them: whatsmeow's GroupInfo with its names, as gowa has it, and beside it what that leaves out.
import { z } from '@hono/zod-openapi';
import type { groupInfo } from '../device/commands/group-info.ts';
import type { groupParticipants } from '../device/commands/group-participants.ts';
import type { AnswerOf } from '../shard/protocol.ts';
import type { ApiDeps } from './deps.ts';
import { timeText } from './groups.ts';

export type GroupInfo = AnswerOf<typeof groupInfo>;
type Member = GroupInfo['members'][number];
type Person = Pick<Member, 'jid' | 'lid'>;
export type Outcome = AnswerOf<typeof groupParticipants>[number];

const NUMBER = '@s.whatsapp.net';

const gowaMember = z
  .object({
    JID: z.string().openapi({ description: 'The number where it is known.' }),
    PhoneNumber: z.string(),
    LID: z.string(),
    IsAdmin: z.boolean(),
    IsSuperAdmin: z.boolean(),
    DisplayName: z.string(),
    Error: z.number().int(),
    AddRequest: z.null(),
  })
  .openapi('GroupMember');

/** `…LID`, the modes, and what begins at MemberLinkMode are not gowa's. */
export const gowaGroup = z
  .object({
    JID: z.string(),
    OwnerJID: z.string(),
    OwnerPN: z.string(),
    OwnerLID: z.string(),
    Name: z.string(),
    NameSetAt: z.string(),
    NameSetBy: z.string(),
    NameSetByPN: z.string(),
    NameSetByLID: z.string(),
    Topic: z.string(),
    TopicID: z.string(),
    TopicSetAt: z.string(),
    TopicSetBy: z.string(),
    TopicSetByPN: z.string(),
    TopicSetByLID: z.string(),
    TopicDeleted: z.boolean(),
    IsLocked: z.boolean(),
    IsAnnounce: z.boolean(),
    AnnounceVersionID: z.string(),
    IsEphemeral: z.boolean(),
    DisappearingTimer: z.number().int(),
    IsIncognito: z.boolean(),
    IsParent: z.boolean(),
    DefaultMembershipApprovalMode: z.string(),
    LinkedParentJID: z.string(),
    IsDefaultSubGroup: z.boolean(),
    IsJoinApprovalRequired: z.boolean(),
    AddressingMode: z.string(),
    GroupCreated: z.string(),
    CreatorCountryCode: z.string(),
    ParticipantVersionID: z.string(),
    Participants: z.array(gowaMember),
    ParticipantCount: z.number().int(),
    MemberAddMode: z.string(),
    Suspended: z.boolean(),
    MemberLinkMode: z.string(),
    MemberShareHistoryMode: z.string(),
    IsFrequentlyForwardedBlocked: z.boolean(),
    AllowAdminReports: z.boolean(),
    IsGroupHistoryShared: z.boolean(),
    GrowthLockedUntil: z.string(),
    AllowNonAdminSubGroupCreation: z.boolean(),
    IsGeneralChat: z.boolean(),
  })
  .openapi('GroupInfo');

export function toGowaGroup(info: GroupInfo): z.input<typeof gowaGroup> {
  const { owner, subjectBy, description } = info;
  return {
    JID: info.jid,
    OwnerJID: owner?.jid ?? '',
    OwnerPN: numberJid(owner),
    OwnerLID: owner?.lid ?? '',
    Name: info.subject,
    NameSetAt: timeText(info.subjectAt),
    NameSetBy: subjectBy?.jid ?? '',
    NameSetByPN: numberJid(subjectBy),
    NameSetByLID: subjectBy?.lid ?? '',
    Topic: description?.text ?? '',
    TopicID: description?.id ?? '',
    TopicSetAt: timeText(description?.at),
    TopicSetBy: description?.by?.jid ?? '',
    TopicSetByPN: numberJid(description?.by),
    TopicSetByLID: description?.by?.lid ?? '',
    TopicDeleted: false,
    IsLocked: info.locked,
    IsAnnounce: info.announcement,
    AnnounceVersionID: info.adminVersion,
    IsEphemeral: info.ephemeral > 0,
    DisappearingTimer: info.ephemeral,
    IsIncognito: info.incognito,
    IsParent: info.community,
    DefaultMembershipApprovalMode: info.defaultApproval,
    LinkedParentJID: info.parent ?? '',
    IsDefaultSubGroup: info.announcements,
    IsJoinApprovalRequired: info.joinApproval,
    AddressingMode: info.addressing,
    GroupCreated: timeText(info.createdAt),
    CreatorCountryCode: info.ownerCountry ?? '',
    ParticipantVersionID: info.memberVersion,
    Participants: info.members.map(toGowaMember),
    ParticipantCount: info.size,
    MemberAddMode: info.memberAddMode,
    Suspended: info.suspended,
    MemberLinkMode: info.memberLinkMode,
    MemberShareHistoryMode: info.memberShareHistoryMode,
    IsFrequentlyForwardedBlocked: info.noFrequentlyForwarded,
    AllowAdminReports: info.allowAdminReports,
    IsGroupHistoryShared: info.groupHistory,
    GrowthLockedUntil: timeText(info.growthLockedUntil),
    AllowNonAdminSubGroupCreation: info.nonAdminSubgroups,
    IsGeneralChat: info.generalChat,
  };
}

function toGowaMember(member: Member): z.input<typeof gowaMember> {
  return {
    JID: member.jid,
    PhoneNumber: numberJid(member),
    LID: member.lid ?? '',
    IsAdmin: member.role !== 'member',
    IsSuperAdmin: member.role === 'superadmin',
    DisplayName: member.shownAs ?? '',
    Error: 0,
    AddRequest: null,
  };
}

const numberJid = (person: Person | undefined): string => (person?.jid.endsWith(NUMBER) ? person.jid : '');

/** The digits of a person's number; '' where only the LID is known, whose digits are none. */
export const digitsOf = (person: Person): string => numberJid(person).slice(0, -NUMBER.length);

export const participant = z.object({
  jid: z.string(),
  phone_number: z.string(),
  lid: z.string().optional(),
  display_name: z.string().optional(),
  is_admin: z.boolean(),
  is_super_admin: z.boolean(),
});

/** Members with the names that the account knows them by; WhatsApp tells only those of whom it hides the number. */
export async function participantsOf(
  members: readonly Member[],
  { chats }: Pick<ApiDeps, 'chats'>,
  device: { readonly no: number },
): Promise<z.input<typeof participant>[]> {
  const names = await chats.names(
    device.no,
    members.map(({ jid }) => jid),
  );
  return members.map(member => toParticipant(member, names.get(member.jid) ?? member.shownAs));
}

function toParticipant(member: Member, name: string | undefined): z.input<typeof participant> {
  return {
    jid: member.jid,
    phone_number: digitsOf(member),
    ...(member.lid && { lid: member.lid }),
    ...(name && { display_name: name }),
    is_admin: member.role !== 'member',
    is_super_admin: member.role === 'superadmin',
  };
}

/** gowa knows `success` and `error`; who must be approved first is neither. */
export const outcomes = z.array(
  z.object({
    participant: z.string(),
    status: z.enum(['success', 'pending', 'error']),
    message: z.string(),
  }),
);

/** WhatsApp's number for somebody who is on the list of those who wait now. */
const WAITS = 202;

/** What an error of one person means (whatsapp-rust wacore/src/iq/groups.rs; protocol note 11). */
const causes: Readonly<Record<number, string>> = {
  401: 'they have blocked this account',
  403: 'their privacy settings or the group do not allow it; POST /group/invite sends an invitation',
  404: 'there is no such account or request',
  405: 'it cannot be done to this person',
  408: 'they have left or refused a short time ago',
  409: 'it is so already, or they are not in the group',
  412: 'the community is full',
  419: 'the group is full',
};

/** What became of each person, in gowa's words where it has some: the sentence of a success, and how a failure begins. */
export function toOutcomes(
  list: readonly Outcome[],
  success: string,
  failure: string,
): z.input<typeof outcomes> {
  return list.map(({ jid, error }) => {
    if (error === undefined || error === 200)
      return { participant: jid, status: 'success', message: success };
    if (error === WAITS)
      return { participant: jid, status: 'pending', message: 'Waits for an admin to approve' };
    const cause = causes[error] ?? 'WhatsApp refused it';
    return { participant: jid, status: 'error', message: `${failure}: ${cause} (${error})` };
  });
}

/** A group behind a link, as gowa shows it. */
export const linkedGroup = z.object({
  group_id: z.string(),
  name: z.string(),
  topic: z.string(),
  created_at: z.string(),
  participant_count: z.number().int(),
  is_locked: z.boolean(),
  is_announce: z.boolean(),
  is_ephemeral: z.boolean(),
  description: z.string().openapi({ description: 'The same as `topic`.' }),
});

export function toLinkedGroup(info: GroupInfo): z.input<typeof linkedGroup> {
  const topic = info.description?.text ?? '';
  return {
    group_id: info.jid,
    name: info.subject,
    topic,
    created_at: timeText(info.createdAt),
    participant_count: info.size,
    is_locked: info.locked,
    is_announce: info.announcement,
    is_ephemeral: info.ephemeral > 0,
    description: topic,
  };
}

/** Where somebody came in, or waits to be let in. */
export const entered = z.object({
  group_id: z.string(),
  pending: z.boolean().openapi({ description: 'An admin has to approve it.' }),
});
