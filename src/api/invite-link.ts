// Links to groups and channels, and the codes in them.
import { z } from '@hono/zod-openapi';
import { invalid } from './validate.ts';

const GROUP_LINK = /^(?:https?:\/\/)?chat\.whatsapp\.com\/(?:invite\/)?([A-Za-z0-9_-]{8,64})\/?(?:\?.*)?$/;
const CHANNEL_LINK = /^(?:https?:\/\/)?(?:www\.)?whatsapp\.com\/channel\/([A-Za-z0-9_-]{8,64})\/?(?:\?.*)?$/;
const CODE = /^[A-Za-z0-9_-]{8,64}$/;

export const linkField = z
  .string()
  .min(1)
  .max(512)
  .openapi({ example: 'https://chat.whatsapp.com/EnjVlnWhgsIJDZkU4HhkYz' });

/** The link to a group, from its code. */
export const groupLink = (code: string): string => `https://chat.whatsapp.com/${code}`;
/** The link to a channel, from its code. */
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
