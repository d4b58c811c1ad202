// Groups as callers see them: whatsmeow's GroupInfo with its names, as gowa has it, and beside it what that leaves out.
import { z } from '@hono/zod-openapi';
import type { groupInfo } from '../device/commands/group-info.ts';
import type { AnswerOf } from '../shard/protocol.ts';
import { timeText } from './go-time.ts';
import { numberJid } from './participant-shape.ts';

export type GroupInfo = AnswerOf<typeof groupInfo>;

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

/** A group or community as whatsmeow's GroupInfo has it; what is not known is '' or Go's zero time. */
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

function toGowaMember(member: GroupInfo['members'][number]): z.input<typeof gowaMember> {
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

/** The group behind a link or an invitation, as one who is not in it sees it. */
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
