// Channels as callers see them: whatsmeow's NewsletterMetadata, as gowa has it.
import { z } from '@hono/zod-openapi';
import type { newsletterInfo } from '../device/commands/newsletter-info.ts';
import type { AnswerOf } from '../shard/protocol.ts';

type Channel = AnswerOf<typeof newsletterInfo>;

const text = z.object({ text: z.string(), id: z.string(), update_time: z.string() });
const picture = z.object({ url: z.string(), id: z.string(), type: z.string(), direct_path: z.string() });

export const gowaNewsletter = z
  .object({
    id: z.string(),
    state: z.object({ type: z.string() }),
    thread_metadata: z.object({
      creation_time: z.string(),
      invite: z.string(),
      name: text,
      description: text,
      subscribers_count: z.string(),
      verification: z.string(),
      picture,
      preview: picture,
      settings: z.object({ reaction_codes: z.object({ value: z.string() }) }),
    }),
    viewer_metadata: z
      .object({ mute: z.string(), role: z.string() })
      .optional()
      .openapi({ description: 'What the channel is to the account; a link tells nobody.' }),
  })
  .openapi('Newsletter');

/** Words are written small, as whatsmeow reads them; the reactions are not. */
export function toGowaNewsletter(channel: Channel): z.input<typeof gowaNewsletter> {
  const { viewer, picture, preview } = channel;
  return {
    id: channel.jid,
    state: { type: channel.state.toLowerCase() },
    thread_metadata: {
      creation_time: channel.createdAt,
      invite: channel.invite,
      name: textOf(channel.name),
      description: textOf(channel.description),
      subscribers_count: channel.subscribers || '0',
      verification: channel.verification.toLowerCase(),
      picture: pictureOf(picture),
      preview: pictureOf(preview),
      settings: { reaction_codes: { value: channel.reactions } },
    },
    ...(viewer && { viewer_metadata: { mute: viewer.mute.toLowerCase(), role: viewer.role.toLowerCase() } }),
  };
}

const textOf = ({ text, id, updatedAt }: Channel['name']) => ({ text, id, update_time: updatedAt });

/** One that is not there is empty, so that clients may read on. */
const pictureOf = (shown: Channel['picture']) => ({
  url: shown?.url ?? '',
  id: shown?.id ?? '',
  type: shown?.type ?? '',
  direct_path: shown?.directPath ?? '',
});
