// What goes wrong on the media host on purpose. An upload is of a device that `who` can name; a download names nobody, so
// only faults for everybody strike there.
import { z } from '@hono/zod-openapi';
import { kind, nothing } from '../faults/kind.ts';

const status = z.number().int().min(400).max(599);

/** What a phone that is asked to upload again answers (proto MediaRetryNotification.ResultType). */
export const retryResults = ['not-found', 'decryption-error', 'general-error'] as const;

export const mediaFaults = {
  'media.upload-status': kind({
    doc: 'An upload is refused with an HTTP status: 401 and 403 make clients fetch a new media_conn, others go to the next host.',
    at: 'asked',
    params: z.strictObject({ status: status.default(500) }),
  }),
  'media.upload-slow': kind({
    doc: 'An upload is taken at so many bytes a second.',
    at: 'asked',
    params: z.strictObject({ bytesPerSecond: z.number().int().min(1).default(65_536) }),
  }),
  'media.upload-cut': kind({
    doc: 'The connection of an upload ends after so many bytes; what came is kept for a client that resumes.',
    at: 'asked',
    params: z.strictObject({ afterBytes: z.number().int().min(0).default(65_536) }),
  }),
  'media.status': kind({
    doc: 'A download is refused with an HTTP status.',
    at: 'asked',
    params: z.strictObject({ status: status.default(503) }),
  }),
  'media.bad-mac': kind({
    doc: 'A download ends with a wrong MAC: its last byte is another. Clients that check the encrypted hash refuse it as well.',
    at: 'asked',
    params: nothing,
  }),
  'media.corrupt': kind({
    doc: 'A byte in the middle of a download is another.',
    at: 'asked',
    params: nothing,
  }),
  'media.truncated': kind({
    doc: 'The connection of a download ends after a share of its bytes.',
    at: 'asked',
    params: z.strictObject({ share: z.number().min(0).max(1).default(0.5) }),
  }),
  'media.wrong-length': kind({
    doc: 'A download is shorter than the file, and says so in its headers: nothing but the hash or the MAC tells.',
    at: 'asked',
    params: z.strictObject({ missing: z.number().int().min(1).default(16) }),
  }),
  'media.slow': kind({
    doc: 'A download comes at so many bytes a second.',
    at: 'asked',
    params: z.strictObject({ bytesPerSecond: z.number().int().min(1).default(65_536) }),
  }),
  'media.retry': kind({
    doc: 'A phone that is asked to upload again answers that it cannot: encrypted, as a result; `plain`, as an error whose code is the result’s (2 is not found).',
    at: 'asked',
    params: z.strictObject({
      result: z.enum(retryResults).default('not-found'),
      plain: z.boolean().default(false),
    }),
  }),
  'media.retry-silent': kind({
    doc: 'A phone that is asked to upload again does not answer, as if it were switched off.',
    at: 'asked',
    params: nothing,
  }),
} as const;
