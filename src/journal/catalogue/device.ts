/** What becomes of a device, and of the webhooks that its events go to. */
import { z } from 'zod';
import { count, entry, sampleTime, text, time, word } from './entry.ts';

const said = (about: string) => text(about).optional();

const webhook = {
  webhook_id: text('The webhook.'),
  url: text('Where it leads, without what might be secret in it: its query, and a name and a password.'),
  since: time('When it last took something, or was made.'),
  behind: count('How many events of this device wait for it.'),
};

const sampleHook = {
  webhook_id: 'whk_8sQm2Zr4vXc1Lk0p',
  url: 'https://example.com/hook',
  since: '2026-11-26T09:00:00.000Z',
  behind: 212,
};

export const device = {
  'device.state': entry({
    about: 'The device came to a state that somebody may have to act on; not every step of a reconnect.',
    payload: z.object({
      state: word(
        ['open', 'disconnected', 'stopped', 'conflict', 'crashed', 'unlinked'],
        '`open`: WhatsApp serves the account. `disconnected`: the connection was lost and is being made again. `stopped`: WhatsApp refuses the device, a person must act. `conflict`: another process connects with the same credentials, a person must act. `crashed`: it failed too often by itself and rests for an hour. `unlinked`: it is no longer linked to the phone.',
      ),
      reason: said('Why.'),
      timestamp: time('Since when.'),
    }),
    sample: { state: 'open', timestamp: sampleTime },
  }),
  'device.degraded': entry({
    about:
      'The device is not well although it may be `open`; [health.md](health.md) has the reasons. It comes again in the same stretch of bad health only for a reason that was not told in it yet.',
    payload: z.object({
      reasons: z
        .array(z.object({ code: text('Its code.'), text: text('A sentence.') }))
        .describe('What is wrong.'),
      timestamp: time('When it was noticed.'),
    }),
    sample: { reasons: [{ code: 'no_pong', text: 'no pong for 42 s' }], timestamp: sampleTime },
  }),
  'device.recovered': entry({
    about: 'The device has been open and well for half a minute.',
    payload: z.object({ timestamp: time('When.') }),
    sample: { timestamp: '2026-11-26T10:02:00.000Z' },
  }),
  'device.qr': entry({
    about:
      'A QR code to link the device with; each replaces the one before. Whoever shows it to a phone links that phone, so it goes only to those who ask for it by name.',
    payload: z.object({
      qr: text('What the picture says.'),
      expires_at: time('Until when it is good.'),
      timestamp: time('When.'),
    }),
    sample: {
      qr: '2@nVq…,kX8…,p0Z…',
      expires_at: '2026-11-26T10:01:00.000Z',
      timestamp: sampleTime,
    },
  }),
  'device.pairing_code': entry({
    about:
      'A code to link the device with, to be typed on the phone of the number that it was asked for. Only to those who ask for it by name.',
    payload: z.object({
      code: text('Eight characters, with a hyphen in the middle.'),
      phone: text('The number, digits only.'),
      expires_at: time('Until when it is good.'),
      timestamp: time('When.'),
    }),
    sample: {
      code: 'ABCD-1234',
      phone: '15550001111',
      expires_at: '2026-11-26T10:03:00.000Z',
      timestamp: sampleTime,
    },
  }),
  'webhook.failing': entry({
    about:
      'A webhook has taken nothing for an hour, and events of this device wait for it. It is in the journal of every device whose events do; the webhook itself gets it when it is well again.',
    payload: z.object({ ...webhook, reason: text('What was wrong with the last attempt.') }),
    sample: { ...sampleHook, reason: 'HTTP 503' },
  }),
  'webhook.disabled': entry({
    about:
      'A webhook gets nothing any more, until it is switched on again: it has taken nothing for five days, or answered 410. Its events are kept as long as the journal keeps them.',
    payload: z.object({ ...webhook, reason: text('Why.') }),
    sample: { ...sampleHook, reason: 'HTTP 410' },
  }),
  'webhook.recovered': entry({
    about: 'A webhook that was failing has taken something again.',
    payload: z.object({ ...webhook, reason: said('What had been wrong.') }),
    sample: sampleHook,
  }),
  'event.unparsed': entry({
    about: `Something happened that could not be told as what it is: \`event\` is what it would have been, \`reason\` is why it could not be stored. It has the id and the place of the event that it stands for, so that nothing after it waits.

Or a stanza came that makes no sense to us: \`event\` is its kind (\`message\`, \`receipt\`, \`notification\` or \`call\`), \`id\` its id where it has one, \`reason\` what failed. It is acknowledged, so that what comes after it is not kept back, and kept as it came (table \`quarantined_row\`, sealed).`,
    payload: z.object({
      event: text('What it would have been, or the kind of the stanza.'),
      reason: text('Why it is not.'),
      id: said('Of the stanza.'),
    }),
    sample: { event: 'message', reason: 'it happened at NaN' },
  }),
};
