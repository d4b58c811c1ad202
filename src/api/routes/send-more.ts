// Messages that gowa does not send, in its style.
import { z } from '@hono/zod-openapi';
import type { sendContacts } from '../../device/commands/send-contacts.ts';
import type { sendEvent } from '../../device/commands/send-event.ts';
import type { sendGroupInvite } from '../../device/commands/send-group-invite.ts';
import type { sendLiveLocation } from '../../device/commands/send-live-location.ts';
import type { sendStatus } from '../../device/commands/send-status.ts';
import { sendFailures } from '../failures.ts';
import { caption, decimal, given, line, measure, prose, remark, time, timeIfAny } from '../fields.ts';
import { recipientJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';
import { audience, recipientsField, type sendAdder, sentAnswer, sentResults } from '../sending.ts';
import { invalid } from '../validate.ts';
import { contactDigits } from './send-fields.ts';

const STATUS = 'status@broadcast';
/** Of the fonts of a status (WAProto, ExtendedTextMessage.FontType). */
const FONTS = [0, 1, 2, 6, 7, 8, 9, 10] as const;
/** WhatsApp's own green. */
const BACKGROUND = '#128C7E';

/** A form knows only texts: the list is one, as JSON. */
const contactsField = z
  .preprocess(
    fromJson,
    z
      .array(z.object({ name: line(100), phone: z.string().min(1) }))
      .min(1)
      .max(100),
  )
  .openapi({
    type: 'array',
    minItems: 1,
    maxItems: 100,
    items: {
      type: 'object',
      properties: { name: { type: 'string' }, phone: { type: 'string' } },
      required: ['name', 'phone'],
    },
    example: [{ name: 'Ana', phone: '15551234567' }],
  });

function fromJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value; // the schema says what it expected
  }
}

export function moreSendRoutes(add: AddRoute, sends: ReturnType<typeof sendAdder>): void {
  sends({
    id: 'sendContacts',
    path: '/send/contacts',
    summary: 'Send several contacts in one message',
    fields: { contacts: contactsField },
    sentence: 'Contacts sent to',
    not: ['status', 'channel'],
    say: ({ contacts }, send) =>
      send<typeof sendContacts>('send-contacts', {
        contacts: contacts.map(({ name, phone }, n) => ({
          name,
          phone: contactDigits(phone, `contacts.${n}.phone`),
        })),
      }),
  });

  sends({
    id: 'sendLiveLocation',
    path: '/send/live-location',
    summary: 'Send where somebody is now; each call is a message',
    fields: {
      latitude: decimal(-90, 90),
      longitude: decimal(-180, 180),
      caption: remark(1_000),
      accuracy: measure(0, 100_000).openapi({ description: 'Metres.' }),
      speed: measure(0, 1_000).openapi({ description: 'Metres per second.' }),
      heading: measure(0, 360).openapi({ description: 'Degrees clockwise from north.' }),
    },
    sentence: 'Live location sent to',
    not: ['status', 'channel'],
    say: ({ latitude, longitude, caption, accuracy, speed, heading }, send) =>
      send<typeof sendLiveLocation>('send-live-location', {
        latitude,
        longitude,
        sequence: Date.now(),
        ...given({ caption, speed }),
        ...(accuracy != null && { accuracy: Math.round(accuracy) }),
        ...(heading != null && { heading: Math.round(heading) }),
      }),
  });

  sends({
    id: 'sendEvent',
    path: '/send/event',
    summary: 'Send an event that people can accept or decline',
    fields: {
      name: line(100),
      description: remark(2_048),
      start_time: time,
      end_time: timeIfAny,
      location_name: caption(100),
      location_address: remark(1_000),
      latitude: measure(-90, 90),
      longitude: measure(-180, 180),
      call: z.enum(['audio', 'video']).nullish().openapi({ description: 'Adds a link to a call.' }),
      extra_guests: z.boolean().nullish(),
    },
    forms: { extra_guests: 'boolean' },
    sentence: 'Event sent to',
    not: ['status', 'channel'],
    say: async (body, send) => {
      const { start_time: start, end_time: end, latitude, longitude } = body;
      if (end != null && end <= start) throw invalid('end_time', 'must be after start_time');
      if ((latitude == null) !== (longitude == null))
        throw invalid(
          latitude == null ? 'latitude' : 'longitude',
          'is required together with the other coordinate',
        );
      const place = given({ name: body.location_name, address: body.location_address, latitude, longitude });
      return send<typeof sendEvent>('send-event', {
        name: body.name,
        start,
        ...given({ description: body.description, end, call: body.call, guests: body.extra_guests }),
        ...(Object.keys(place).length > 0 && { place }),
      });
    },
  });

  sends({
    id: 'sendGroupInvite',
    path: '/send/group-invite',
    summary: 'Invite somebody whom WhatsApp does not let us add to a group',
    fields: {
      group_id: z.string().min(1),
      invite_code: z
        .string()
        .regex(/^[A-Za-z0-9_-]{8,64}$/, 'expected the code of an invitation')
        .openapi({ description: 'That WhatsApp gave for this person when it did not add them.' }),
      invite_expiration: time.openapi({ description: 'Until when the code can be used.' }),
      group_name: caption(100),
      caption: remark(1_000),
    },
    sentence: 'Invitation sent to',
    not: ['status', 'channel', 'group'],
    say: async (body, send) => {
      const group = recipientJid(body.group_id, 'group_id');
      if (!group.endsWith('@g.us')) throw invalid('group_id', 'expected the JID of a group');
      return send<typeof sendGroupInvite>('send-group-invite', {
        group,
        code: body.invite_code,
        expiration: Math.floor(body.invite_expiration / 1000),
        ...given({ groupName: body.group_name, caption: body.caption }),
      });
    },
  });

  add(
    {
      id: 'sendStatus',
      method: 'post',
      path: '/send/status',
      tag: 'send',
      scope: 'send',
      summary: 'Post a status of text',
      device: 'selected',
      body: z.object({
        message: prose(700),
        background_color: z
          .string()
          .regex(/^#[0-9a-fA-F]{6}$/, 'expected a colour such as #128C7E')
          .or(z.literal(''))
          .nullish(),
        font: z
          .literal(FONTS)
          .openapi({ type: 'integer', enum: [...FONTS] })
          .nullish(),
        recipients: recipientsField.nullish(),
      }),
      forms: { font: 'number', recipients: 'list' },
      results: sentResults,
      failures: sendFailures,
    },
    async ({ body, run, newMessageId }) => {
      const colour = (body.background_color || BACKGROUND).slice(1);
      const sent = await run<typeof sendStatus>('send-status', {
        id: newMessageId(),
        to: STATUS,
        text: body.message,
        background: Number.parseInt(`ff${colour}`, 16),
        font: body.font ?? 0,
        ...(body.recipients?.length && { recipients: body.recipients.map(audience) }),
      });
      return sentAnswer('Status sent to', STATUS, sent);
    },
  );
}
