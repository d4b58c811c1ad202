/** `message`: everything that somebody says. */
import { z } from 'zod';
import { contents } from './content.ts';
import { common, entry, flag, number, opened, sampleCommon, text, texts, word } from './entry.ts';

export const messageTypes = [
  'text',
  'image',
  'video',
  'gif',
  'video_note',
  'audio',
  'voice',
  'document',
  'sticker',
  'sticker_pack',
  'album',
  'location',
  'live_location',
  'contact',
  'contacts',
  'poll',
  'poll_result',
  'event',
  'group_invite',
  'newsletter_invite',
  'list',
  'buttons',
  'template',
  'list_reply',
  'button_reply',
  'template_reply',
  'interactive',
  'interactive_reply',
  'product',
  'order',
  'payment',
  'payment_request',
  'payment_declined',
  'payment_canceled',
  'payment_invite',
  'invoice',
  'phone_number_request',
  'phone_number_share',
  'call_log',
  'scheduled_call',
  'comment',
  'status_mention',
  'view_once',
  'placeholder',
  'unsupported',
] as const;

const said = (about: string) => text(about).optional();

const referral = z.object({
  ctwa_clid: said('The click.'),
  source_url: said('The advertisement.'),
  source_id: said('Its id.'),
  ref: said('What was put into its link.'),
  source_app: said('Where it was.'),
  ad_title: said('Its title.'),
  ad_body: said('Its text.'),
  thumbnail_url: said('Its small picture.'),
  original_image_url: said('Its picture.'),
  media_url: said('Its file.'),
  media_type: said('WhatsApp’s word.'),
  show_ad_attribution: z.boolean().optional(),
  contains_auto_reply: z.boolean().optional(),
  automated_greeting_message_shown: z.boolean().optional(),
  greeting_message_body: said('What the business greeted with.'),
  click_to_whatsapp_call: z.boolean().optional(),
  source_type: said('WhatsApp’s word.'),
  ad_type: said('WhatsApp’s word.'),
});

const kinds = `| \`type\`                                                     | What it has                                                                                          |
| ---------------------------------------------------------- | ---------------------------------------------------------------------------------------------------- |
| \`text\`                                                     | \`body\`, \`link_preview?\`                                                                              |
| \`image\` \`video\` \`gif\` \`video_note\` \`audio\` \`voice\` \`document\` \`sticker\` | The file: a \`gif\` under \`video\`, a \`voice\` note under \`audio\`; one file at most. |
| \`sticker_pack\`                                             | \`sticker_pack\`                                                                                       |
| \`album\`                                                    | \`album\`: so many follow, each with its \`album_id\`.                                                   |
| \`location\`, \`live_location\`                                | Under their own name.                                                                                |
| \`contact\`, \`contacts\`                                      | \`contact\`, \`contacts_array\`                                                                          |
| \`poll\`, \`poll_result\`, \`event\`                             | Under their own name.                                                                                |
| \`group_invite\`, \`newsletter_invite\`                        | Under their own name.                                                                                |
| \`list\`, \`buttons\`, \`template\`                              | Under their own name, with everything that can be chosen.                                            |
| \`list_reply\`, \`button_reply\`, \`template_reply\`             | Under their own name; \`replied_to_id\` is what it answers.                                            |
| \`interactive\`, \`interactive_reply\`                         | \`interactive\` and \`interactive_message\`; \`interactive_reply\`                                         |
| \`product\`, \`order\`                                         | Under their own name; amounts in units of the currency.                                              |
| \`payment\`, \`payment_request\`, \`payment_declined\`, \`payment_canceled\`, \`payment_invite\`, \`invoice\` | Under their own name; the note is the \`body\`.                 |
| \`phone_number_request\`, \`phone_number_share\`               | Nothing more.                                                                                        |
| \`call_log\`, \`scheduled_call\`                               | Under their own name.                                                                                |
| \`comment\`                                                  | \`comment_to_id\` and what it says; \`decrypted: false\` with a \`reason\` when it could not be read.      |
| \`status_mention\`                                           | Somebody named the account, or its group, in a status. Nothing more.                                 |
| \`view_once\`                                                | Something that WhatsApp shows on the phone alone. Nothing more.                                      |
| \`placeholder\`                                              | The sender's client keeps it from linked devices. Nothing more.                                      |
| \`unsupported\`                                              | A message of a kind that Cardume cannot read; \`parts\` are WhatsApp's names of what is in it.         |`;

export const messages = {
  message: entry({
    about: 'A message arrived, or was sent from another device of the account.',
    more: kinds,
    payload: z.object({
      ...common,
      type: word(messageTypes, 'What it is, one of the words below.'),
      body: text('The text, the caption, or the text of what was chosen.').optional(),
      replied_to_id: text('The message that it answers.').optional(),
      quoted_body: text('What that says.').optional(),
      quoted_from: text('Who said it.').optional(),
      quoted_from_lid: text('Their LID.').optional(),
      mentions: texts('The people that it names.').optional(),
      mention_lids: texts('Their LIDs, in the order of `mentions`, empty where unknown.').optional(),
      mentions_everyone: flag('It names everybody in the group.'),
      forwarded: flag('It is handed on.'),
      view_once: flag('It may be opened once.'),
      expires_in: number('Seconds after which it disappears.').optional(),
      referral: referral
        .optional()
        .describe('The advertisement that the chat began with, with gowa’s fields.'),
      album_id: text('The album that it is a picture of.').optional(),
      comment_to_id: text('The message that it comments on.').optional(),
      decrypted: opened.decrypted.optional(),
      reason: opened.reason,
      ...contents,
    }),
    sample: { ...sampleCommon, type: 'text', body: 'Is the shop open on Sunday?' },
  }),
};
