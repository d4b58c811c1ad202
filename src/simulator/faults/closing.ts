// Every close by name as a fault: in the middle of whatever the connection was doing.
import { z } from '@hono/zod-openapi';
import { type CloseName, closeNames, closes } from '../wire/closes.ts';
import { type Kind, kind } from './kind.ts';

export const closing = z.strictObject({
  /** Seconds until a temporary ban ends. */
  expire: z.number().int().positive().optional(),
});

const atStanza = closing.extend({
  direction: z.enum(['in', 'out']).default('in').openapi({ description: 'in: from the client; out: to it.' }),
  processed: z
    .boolean()
    .default(false)
    .openapi({ description: 'The stanza still goes its way before the connection ends.' }),
});

type ClosingFaults = { [N in CloseName as `close.${N}`]: Kind<typeof atStanza> };

export const closingFaults = Object.fromEntries(
  closeNames.map(name => [
    `close.${name}`,
    kind({
      doc: `The connection ends at a stanza: ${closes[name].doc}.`,
      at: 'stanza',
      params: atStanza,
      act: (wire, stanza, { direction, processed, expire }) => {
        const close = () => wire.close(name, { expire });
        if (!processed) {
          close();
          return true;
        }
        if (direction === 'out') {
          wire.transmit(stanza);
          close();
          return true;
        }
        // The stanza is handled in this turn; what the server says to it is still written.
        wire.later(0, close);
        return false;
      },
      strike: (wire, { expire }) => wire.close(name, { expire }),
    }),
  ]),
) as ClosingFaults;
