/**
 * Keys of the API as text: `cdm_<id, 12>_<secret, 32>_<checksum, 6>`, letters and digits. The prefix is for people and for
 * scanners that look for leaked secrets; the checksum tells a key that was mistyped or made up from one that may exist,
 * without asking anybody. The secret has 190 bits, so its SHA-256 is all that need be kept.
 */
import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const FORM = /^cdm_([0-9A-Za-z]{12})_[0-9A-Za-z]{32}_([0-9A-Za-z]{6})$/;

/** A new key, and its id. */
export function makeKey(): { readonly id: string; readonly key: string } {
  const id = letters(12);
  const body = `cdm_${id}_${letters(32)}`;
  return { id, key: checksummed(body) };
}

/** A key but for its checksum, with it. */
export function checksummed(body: string): string {
  return `${body}_${checksum(body)}`;
}

/** The id in a text that has the form of a key and the right checksum. */
export function keyId(text: string): string | undefined {
  const [, id, sum] = FORM.exec(text) ?? [];
  return sum === checksum(text.slice(0, -7)) ? id : undefined;
}

export function sha256(text: string | Uint8Array): Buffer {
  return createHash('sha256').update(text).digest();
}

function letters(count: number): string {
  return Array.from({ length: count }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

/** CRC-32 in base 62. */
function checksum(text: string): string {
  let rest = crc32(text);
  let written = '';
  for (let place = 0; place < 6; place++) {
    written = LETTERS[rest % 62] + written;
    rest = Math.floor(rest / 62);
  }
  return written;
}
