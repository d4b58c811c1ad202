/** What a message may hold, by its type: what is under the names of `message` that only some have. */
import { z } from 'zod';
import { bool, count, flag, number, text, texts, time } from './entry.ts';

const mimetype = text('As its sender says.').optional();
const file = z.object({
  url: text('Where WhatsApp keeps it, encrypted; `GET /message/{message_id}/download` fetches it.'),
  mimetype,
  caption: text('The caption.').optional(),
  filename: text('The name that its sender gave it.').optional(),
  size: number('In bytes.').optional(),
  seconds: number('How long it plays.').optional(),
  width: number('In pixels.').optional(),
  height: number('In pixels.').optional(),
  pages: number('Of a document.').optional(),
  ptt: flag('A voice note.'),
  gif: flag('It plays by itself, without sound.'),
  animated: flag('A sticker that moves.'),
  lottie: flag('A sticker that is drawn.'),
});

const place = {
  degreesLatitude: number('Degrees.').optional(),
  degreesLongitude: number('Degrees.').optional(),
};

const location = z.object({
  ...place,
  name: text('What it is called.').optional(),
  address: text('Where it is.').optional(),
  url: text('A page.').optional(),
});

const contact = z.object({
  displayName: text('The name.'),
  vcard: text('The card.'),
  phone_number: text('The first telephone number in it.').optional(),
});

const option = {
  id: text('What comes back when it is chosen.').optional(),
  text: text('What is shown.').optional(),
};

const interactive: z.ZodObject = z.object({
  title: text('The title.').optional(),
  subtitle: text('The line below.').optional(),
  text: text('The text.').optional(),
  footer_text: text('The footer.').optional(),
  buttons: z.array(z.object({ name: text('What it does.').optional(), params: z.unknown().optional() })),
  cards: z.array(z.record(z.string(), z.unknown())).optional().describe('Of a carousel: each as this.'),
  collection_id: text('A collection of products.').optional(),
  shop_id: text('A shop.').optional(),
});

const money = {
  amount: number('In units of the currency.').optional(),
  currency: text('ISO 4217.').optional(),
};

const request = z.object({ request_message_id: text('The request.').optional() });

/** Everything that only some messages have. */
export const contents = {
  image: file.optional().describe('A picture.'),
  video: file.optional().describe('A video.'),
  video_note: file.optional().describe('A round video.'),
  audio: file.optional().describe('A sound.'),
  document: file.optional().describe('A document.'),
  sticker: file.optional().describe('A sticker.'),
  sticker_pack: z
    .object({
      id: text('Its id.').optional(),
      name: text('Its name.').optional(),
      publisher: text('Whose it is.').optional(),
      stickers: count('How many.'),
    })
    .optional()
    .describe('A pack of stickers.'),
  link_preview: z
    .object({
      url: text('The link.'),
      title: text('Its title.').optional(),
      description: text('What it says.').optional(),
    })
    .optional()
    .describe('The preview that its sender’s app made of a link.'),
  album: z
    .object({ images: number('Pictures.'), videos: number('Videos.') })
    .optional()
    .describe('So many follow, each with its `album_id`.'),
  location: location.optional().describe('A place.'),
  live_location: z
    .object({
      ...place,
      caption: text('The caption.').optional(),
      accuracyInMeters: number('Metres.').optional(),
      speedInMps: number('Metres per second.').optional(),
      degreesClockwiseFromMagneticNorth: number('Degrees.').optional(),
      sequenceNumber: number('The newest has the highest.').optional(),
      timeOffset: number('Seconds.').optional(),
    })
    .optional()
    .describe('Where somebody is.'),
  contact: contact.optional().describe('A card.'),
  contacts_array: z.array(contact).optional().describe('Several cards.'),
  poll: z
    .object({
      name: text('The question.'),
      options: texts('What can be chosen.'),
      selectable_count: number('How many of them; 0 is any number.'),
      type: z.literal('quiz').optional().describe('A quiz.'),
      correct_answer: text('Of a quiz.').optional(),
    })
    .optional()
    .describe('A question with answers to choose from.'),
  poll_result: z
    .object({
      name: text('The question.'),
      votes: z.array(z.object({ option: text('The answer.'), votes: number('How many.') })),
    })
    .optional()
    .describe('How a poll stands.'),
  event: z
    .object({
      name: text('What it is.'),
      description: text('More of it.').optional(),
      start_time: time('Its beginning.').optional(),
      end_time: time('Its end.').optional(),
      location: location.optional(),
      join_link: text('A call.').optional(),
      canceled: flag('It will not be.'),
      extra_guests_allowed: flag('Guests may bring others.'),
      scheduled_call: flag('It is a call.'),
      reminder_seconds: number('So long before it.').optional(),
    })
    .optional()
    .describe('An invitation.'),
  group_invite: z
    .object({
      group_id: text('The group.'),
      group_name: text('Its name.').optional(),
      code: text('Of the invitation.').optional(),
      expires_at: time('Until when it is good.').optional(),
    })
    .optional()
    .describe('An invitation to a group.'),
  newsletter_invite: z
    .object({
      newsletter_id: text('The channel.'),
      name: text('Its name.').optional(),
      role: z.enum(['admin', 'follower']),
      expires_at: time('Until when it is good.').optional(),
    })
    .optional()
    .describe('An invitation to a channel.'),
  list: z
    .object({
      title: text('The title.').optional(),
      description: text('The text.').optional(),
      button_text: text('What opens the list.').optional(),
      footer_text: text('The footer.').optional(),
      sections: z.array(
        z.object({
          title: text('Its title.').optional(),
          rows: z.array(
            z.object({
              id: text('What comes back when it is chosen.').optional(),
              title: text('What is shown.').optional(),
              description: text('The line below.').optional(),
            }),
          ),
        }),
      ),
    })
    .optional()
    .describe('A list to choose from.'),
  list_reply: z
    .object({
      id: text('The row.'),
      title: text('What it says.').optional(),
      description: text('The line below.').optional(),
    })
    .optional()
    .describe('What was chosen of a list.'),
  buttons: z
    .object({
      header_text: text('The header.').optional(),
      text: text('The text.').optional(),
      footer_text: text('The footer.').optional(),
      buttons: z.array(z.object(option)),
    })
    .optional()
    .describe('Buttons to choose from.'),
  button_reply: z
    .object({ id: text('The button.'), text: text('What it says.').optional() })
    .optional()
    .describe('The button that was chosen.'),
  template: z
    .object({
      id: text('Its id.').optional(),
      title: text('The title.').optional(),
      text: text('The text.').optional(),
      footer_text: text('The footer.').optional(),
      buttons: z.array(
        z.object({
          index: number('Its place.').optional(),
          ...option,
          url: text('Where it leads.').optional(),
          phone_number: text('Whom it calls.').optional(),
        }),
      ),
    })
    .optional()
    .describe('A template of a business.'),
  template_reply: z
    .object({
      id: text('The button.'),
      text: text('What it says.').optional(),
      index: number('Its place.').optional(),
    })
    .optional()
    .describe('The button that was chosen of a template.'),
  interactive: text('What is shown, a line for each thing.').optional(),
  interactive_message: interactive.optional().describe('The same in its parts.'),
  interactive_reply: z
    .object({
      name: text('What was done.').optional(),
      text: text('What it says.').optional(),
      params: z.unknown().optional(),
    })
    .optional()
    .describe('What was chosen of it.'),
  product: z
    .object({
      id: text('Its id.').optional(),
      title: text('What it is.').optional(),
      description: text('More of it.').optional(),
      ...money,
      sale_amount: number('The lower price.').optional(),
      retailer_id: text('The seller’s number of it.').optional(),
      url: text('A page.').optional(),
      business: text('The seller.').optional(),
      text: text('The text.').optional(),
      footer_text: text('The footer.').optional(),
    })
    .optional()
    .describe('A product of a catalogue.'),
  order: z
    .object({
      id: text('Its id.').optional(),
      token: text('With it the seller finds it.').optional(),
      title: text('What it is called.').optional(),
      message: text('What the buyer says.').optional(),
      item_count: number('How many things.').optional(),
      status: text('How far it is.').optional(),
      seller: text('The seller.').optional(),
      ...money,
    })
    .optional()
    .describe('An order.'),
  payment: request.optional().describe('Money that was sent.'),
  payment_request: z
    .object({
      ...money,
      from: text('Who is asked.').optional(),
      expires_at: time('Until when.').optional(),
    })
    .optional()
    .describe('Money that is asked for.'),
  payment_declined: request.optional().describe('The request is declined.'),
  payment_canceled: request.optional().describe('The request is taken back.'),
  payment_invite: z
    .object({ service: text('Which one.').optional(), expires_at: time('Until when.').optional() })
    .optional()
    .describe('An invitation to pay by WhatsApp.'),
  invoice: z
    .object({ token: text('Of the invoice.').optional() })
    .optional()
    .describe('An invoice.'),
  call_log: z
    .object({
      video: bool('With a picture.'),
      outcome: text('How it ended.').optional(),
      seconds: number('How long it was.').optional(),
    })
    .optional()
    .describe('A call that was.'),
  scheduled_call: z
    .object({
      title: text('What it is about.').optional(),
      type: text('`voice` or `video`.').optional(),
      time: time('When.').optional(),
    })
    .optional()
    .describe('A call that will be.'),
  parts: texts('WhatsApp’s names of what is in a message that cannot be read here.').optional(),
};
