import { send } from '../sending/sending.ts';

interface Event {
  readonly name: string;
  readonly description?: string;
  /** Ms since 1970. */
  readonly start: number;
  readonly end?: number;
  readonly place?: {
    readonly name?: string;
    readonly address?: string;
    readonly latitude?: number;
    readonly longitude?: number;
  };
  /** WhatsApp makes a link to a call for it. */
  readonly call?: 'audio' | 'video';
  readonly guests?: boolean;
}

/** An event to come, which people in the chat can accept or decline. */
export const sendEvent = send({
  name: 'send-event',
  compose: ({ name, description, start, end, place, call, guests }: Event) => ({
    event: {
      name,
      ...(description !== undefined && { description }),
      startDate: new Date(start),
      // Baileys divides the end without rounding it.
      ...(end !== undefined && { endDate: new Date(Math.floor(end / 1000) * 1000) }),
      ...(place && {
        location: {
          degreesLatitude: place.latitude ?? 0,
          degreesLongitude: place.longitude ?? 0,
          ...(place.name !== undefined && { name: place.name }),
          ...(place.address !== undefined && { address: place.address }),
        },
      }),
      ...(call && { call, isScheduleCall: true }),
      ...(guests !== undefined && { extraGuestsAllowed: guests }),
    },
  }),
});
