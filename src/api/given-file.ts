// The file of a request, however it was given: in the form, or by URL.
import { getMimeType } from 'hono/utils/mime';
import type { ErrorCode } from '../errors.ts';
import type { MediaPort, Upload } from '../media/port.ts';
import type { Given } from './route.ts';
import { invalid } from './validate.ts';

/** What a route may answer that takes files and makes something of them. */
export const fileFailures = [
  'UNSUPPORTED_MEDIA_TYPE',
  'PAYLOAD_TOO_LARGE',
  'URL_FORBIDDEN',
  'URL_FAILED',
  'URL_BUSY',
  'MEDIA_UNREADABLE',
  'MEDIA_BUSY',
  'FFMPEG_MISSING',
  'STORE_FULL',
  'SHUTTING_DOWN',
] as const satisfies readonly ErrorCode[];

/**
 * The file of `field`, or the one that `<field>_url` names. Fails with VALIDATION_ERROR when there is neither, and as
 * `MediaPort.fetch` does.
 */
export async function givenFile(
  media: MediaPort,
  { files, batch, deviceNo }: Given & { readonly deviceNo: number },
  field: string,
  url: string | null | undefined,
): Promise<Upload> {
  const [uploaded] = files[field] ?? [];
  if (uploaded) return uploaded;
  if (!url) throw invalid(field, `send a file in a multipart form, or ${field}_url`);
  return media.fetch(url, batch, { field: `${field}_url`, maxBytes: media.limits.url, deviceNo });
}

const UNKNOWN = 'application/octet-stream';

/** The type that a document is shown with: as was said, else by its name, else by its bytes. */
export async function documentType(media: MediaPort, file: Upload): Promise<string> {
  const said = file.mimetype;
  if (/^[a-z0-9.+-]+\/[a-z0-9.+-]+(?:;.{0,100})?$/.test(said) && !said.startsWith(UNKNOWN)) return said;
  return getMimeType(file.filename ?? '') ?? (await media.typeOf(file)) ?? UNKNOWN;
}
