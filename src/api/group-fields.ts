// Fields of requests about groups, communities and channels.
import { z } from '@hono/zod-openapi';
import { mentionJid } from './recipient.ts';

/** As many as a group holds. */
const MOST_PEOPLE = 1_024;

/** Characters that WhatsApp's apps take (test/simulator/group-settings.test.ts has both lengths). */
export const LONGEST_SUBJECT = 100;
export const LONGEST_DESCRIPTION = 2_048;

export const groupField = z
  .string()
  .min(1)
  .openapi({ description: 'The JID of the group.', example: '120363025982934543@g.us' });

export const channelField = z
  .string()
  .min(1)
  .openapi({ description: 'The JID of the channel.', example: '120363144038483540@newsletter' });

export const communityField = z
  .string()
  .min(1)
  .openapi({ description: 'The JID of the community.', example: '120363025982934543@g.us' });

export const peopleList = z
  .array(z.string().min(1))
  .max(MOST_PEOPLE)
  .openapi({ description: 'Numbers with their country code, or JIDs.', example: ['15551234567'] });
export const peopleField = peopleList.min(1);

/** The accounts that a list names, each once. Fails with INVALID_JID, which names the entry. */
export function peopleJids(written: readonly string[], field = 'participants'): string[] {
  return [...new Set(written.map((one, index) => mentionJid(one, `${field}.${index}`)))];
}
