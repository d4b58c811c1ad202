import { normalizeMessageContent, proto } from '@whiskeysockets/baileys';
import { wrongField } from '../asking/wrong-field.ts';
import { knownMessage } from '../sending/message-key.ts';
import { sealedFor, secretOf } from '../sending/message-secret.ts';
import { send } from '../sending/sending.ts';

interface EventAnswer {
  readonly to: string;
  readonly message: string;
  readonly response: 'going' | 'not_going' | 'maybe';
  readonly guests?: number;
}

const { EventResponseType } = proto.Message.EventResponseMessage;
const types = {
  going: EventResponseType.GOING,
  not_going: EventResponseType.NOT_GOING,
  maybe: EventResponseType.MAYBE,
} as const;

/** Whether we come to an event, encrypted under the event's own secret (Utils/process-message.js, decryptEventResponse). */
export const sendEventResponse = send({
  name: 'send-event-response',
  compose: async ({ to, message, response, guests }: EventAnswer, where) => {
    const named = await knownMessage(where, to, message);
    const event = normalizeMessageContent(named.message)?.eventMessage;
    if (!event) throw wrongField('message_id', 'the message is not an event');
    if (guests && !event.extraGuestsAllowed)
      throw wrongField('extra_guests', 'the event takes no extra guests');
    const answer = proto.Message.EventResponseMessage.encode({
      response: types[response],
      timestampMs: Date.now(),
      ...(guests !== undefined && { extraGuestCount: guests }),
    }).finish();
    return {
      raw: {
        encEventResponseMessage: {
          eventCreationMessageKey: named.key,
          ...sealedFor('Event Response', answer, named.key, secretOf(named.message), where.connection),
        },
      },
      // Guessed from the creation's: Baileys does not send these.
      attributes: { type: 'event' },
      nodes: [{ tag: 'meta', attrs: { event_type: 'response' } }],
    };
  },
});
