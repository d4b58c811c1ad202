// The QR of a pairing as a picture, and links to it that work for a minute without a credential.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** A PNG as the data URL that an <img> shows. */
export function dataUrl(png: Buffer): string {
  return `data:image/png;base64,${png.toString('base64')}`;
}

/** Paths of QR pictures that need no credential: gowa's clients put them into an <img> of another site. */
export interface QrLinks {
  /** The path of the device's picture, good until a time (ms since 1970). */
  path(device: string, until: number): string;
  /** Whether this request path and query is such a link and its time has not passed. */
  admits(path: string, query: (name: string) => string | undefined, now?: number): boolean;
}

/** Signs with a key that lives as long as the process: a pairing does not outlive it either. */
export function qrLinks(): QrLinks {
  const key = randomBytes(32);
  const sign = (path: string, until: string) => createHmac('sha256', key).update(`${until} ${path}`).digest();
  return {
    path(device, until) {
      const path = `/devices/${device}/qr.png`;
      return `${path}?until=${until}&sign=${sign(path, String(until)).toString('base64url')}`;
    },
    admits(path, query, now = Date.now()) {
      // It is asked of every request: signing for all of them was 20 µs of each.
      if (!path.endsWith('/qr.png')) return false;
      const until = query('until') ?? '';
      const sent = Buffer.from(query('sign') ?? '', 'base64url');
      const right = sign(path, until);
      return sent.length === right.length && timingSafeEqual(sent, right) && Number(until) >= now;
    },
  };
}
