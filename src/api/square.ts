// Pictures of groups and channels, as WhatsApp takes them.
import { wholeOf } from '../lib/disk.ts';
import type { Batch, MediaPort, Upload } from '../media/port.ts';

/** As large as WhatsApp keeps them. */
const EDGE = 640;
/** gowa takes no larger image. */
export const PICTURE_BYTES = 20 * 1024 * 1024;

/** The picture cut to a square JPEG. Fails with UNSUPPORTED_MEDIA_TYPE or MEDIA_UNREADABLE. */
export async function squarePicture(
  media: MediaPort,
  upload: Upload,
  batch: Batch,
  field: string,
): Promise<Uint8Array> {
  return wholeOf(await media.square(upload, batch, { field, edge: EDGE }));
}

/** What making one may fail of. */
export const pictureFailures = ['MEDIA_UNREADABLE', 'MEDIA_BUSY'] as const;
