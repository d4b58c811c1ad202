import { send } from '../sending/sending.ts';

interface LiveLocation {
  readonly latitude: number;
  readonly longitude: number;
  readonly caption?: string;
  /** Metres, metres per second, degrees clockwise from north. */
  readonly accuracy?: number;
  readonly speed?: number;
  readonly heading?: number;
  /** Apps show the location with the highest. */
  readonly sequence: number;
}

/** Where somebody is now. Baileys has no description of it, the message has (WAProto, LiveLocationMessage). */
export const sendLiveLocation = send({
  name: 'send-live-location',
  compose: ({ latitude, longitude, caption, accuracy, speed, heading, sequence }: LiveLocation) => ({
    raw: {
      liveLocationMessage: {
        degreesLatitude: latitude,
        degreesLongitude: longitude,
        ...(accuracy !== undefined && { accuracyInMeters: accuracy }),
        ...(speed !== undefined && { speedInMps: speed }),
        ...(heading !== undefined && { degreesClockwiseFromMagneticNorth: heading }),
        ...(caption !== undefined && { caption }),
        sequenceNumber: sequence,
        timeOffset: 0,
      },
    },
  }),
});
