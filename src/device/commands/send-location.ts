import { send } from '../sending/sending.ts';

interface Location {
  readonly latitude: number;
  readonly longitude: number;
  readonly name?: string;
  readonly address?: string;
}

/** A place on the map. */
export const sendLocation = send({
  name: 'send-location',
  compose: ({ latitude, longitude, name, address }: Location) => ({
    location: {
      degreesLatitude: latitude,
      degreesLongitude: longitude,
      ...(name !== undefined && { name }),
      ...(address !== undefined && { address }),
    },
  }),
});
