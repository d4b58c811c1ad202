// What requests about groups, communities and channels are made of.
import { z } from '@hono/zod-openapi';
import { mentionJid } from './recipient.ts';
import { invalid } from './validate.ts';

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

/** A part of a query that may also be there and empty. */
export const unlessEmpty = <S extends z.ZodType>(schema: S) =>
  z.preprocess(value => (value === '' ? undefined : value), schema);

/** How many are wanted. */
export const countField = (usual: number, most: number) =>
  unlessEmpty(z.coerce.number().int().min(1).max(most).default(usual));

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

/** A text of so many characters at most, as people count them: an emoji is one. */
export function shortText(most: number) {
  return z
    .string()
    .refine(text => [...text].length <= most, `must be at most ${most} characters`)
    .refine(text => !/\p{Surrogate}|\0/u.test(text), 'has a character that no text can have')
    .openapi({ maxLength: most });
}

/** A name: not blank, and without blanks around it. */
export function nameText(most: number) {
  return shortText(most)
    .transform(text => text.trim())
    .refine(text => text !== '', 'cannot be blank');
}

const GROUP_LINK = /^(?:https?:\/\/)?chat\.whatsapp\.com\/(?:invite\/)?([A-Za-z0-9_-]{8,64})\/?(?:\?.*)?$/;
const CHANNEL_LINK = /^(?:https?:\/\/)?(?:www\.)?whatsapp\.com\/channel\/([A-Za-z0-9_-]{8,64})\/?(?:\?.*)?$/;
const CODE = /^[A-Za-z0-9_-]{8,64}$/;

export const linkField = z
  .string()
  .min(1)
  .max(512)
  .openapi({ example: 'https://chat.whatsapp.com/EnjVlnWhgsIJDZkU4HhkYz' });

export const groupLink = (code: string): string => `https://chat.whatsapp.com/${code}`;
export const channelLink = (code: string): string => `https://whatsapp.com/channel/${code}`;

/** The code of a link to a group, or the code itself. Fails with VALIDATION_ERROR. */
export function groupCode(written: string, field = 'link'): string {
  return codeIn(written, GROUP_LINK, field, 'expected a link such as https://chat.whatsapp.com/CODE');
}

/** The code of a link to a channel, or the code itself. Fails with VALIDATION_ERROR. */
export function channelCode(written: string, field = 'link'): string {
  return codeIn(written, CHANNEL_LINK, field, 'expected a link such as https://whatsapp.com/channel/CODE');
}

function codeIn(written: string, link: RegExp, field: string, expected: string): string {
  const code = CODE.test(written) ? written : link.exec(written)?.[1];
  if (code === undefined) throw invalid(field, expected);
  return code;
}

/** As Go writes times, and gowa with it: without milliseconds. */
export function timeText(seconds: number | undefined): string {
  const known = seconds !== undefined && Math.abs(seconds) < LAST;
  return known ? `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z` : NEVER;
}

/** The year 3000: whatever is beyond it is no time. */
const LAST = 32_503_680_000;

/** Go's zero time, which gowa has where nothing is known. */
const NEVER = '0001-01-01T00:00:00Z';
