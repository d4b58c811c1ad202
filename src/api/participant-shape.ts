// People in groups as callers see them, and what became of each of those that a request names.
import { z } from '@hono/zod-openapi';
import type { groupInfo } from '../device/commands/group-info.ts';
import type { groupParticipants } from '../device/commands/group-participants.ts';
import type { AnswerOf } from '../shard/protocol.ts';
import type { ApiDeps } from './deps.ts';

type Member = AnswerOf<typeof groupInfo>['members'][number];
type Person = Pick<Member, 'jid' | 'lid'>;
type Outcome = AnswerOf<typeof groupParticipants>[number];

const NUMBER = '@s.whatsapp.net';

/** The JID of a person's number; '' where only the LID is known. */
export const numberJid = (person: Person | undefined): string =>
  person?.jid.endsWith(NUMBER) ? person.jid : '';

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

/** What an error of one person means (whatsapp-rust wacore/src/iq/groups.rs). */
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
