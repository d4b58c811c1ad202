// Links to files that need no other credential: signed, for one file, for some minutes.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Linked } from './port.ts';

/** Of a name in a link; the whole name is in the answer beside it. */
const LONGEST_NAME = 120;
const NAME = /^[0-9a-f]{64}$/;

/** Signs with a key that lives as long as the process: the files are on this machine, too. */
export class Links {
  readonly #key = randomBytes(32);
  readonly #livesMs: number;

  constructor(livesMs: number) {
    this.#livesMs = livesMs;
  }

  /** A token that is good in a URL. */
  token({ deviceNo, name, mimetype, filename }: Linked, now = Date.now()): string {
    const about = [deviceNo, name, now + this.#livesMs, mimetype.slice(0, 100), shortened(filename)];
    const text = Buffer.from(JSON.stringify(about)).toString('base64url');
    return `${text}.${this.#sign(text).toString('base64url')}`;
  }

  /** What a token leads to; undefined when it is not one of ours, or its time is over. */
  open(token: string, now = Date.now()): Linked | undefined {
    const [text = '', signature = '', ...more] = token.split('.');
    const right = this.#sign(text);
    const sent = Buffer.from(signature, 'base64url');
    if (more.length > 0 || sent.length !== right.length || !timingSafeEqual(sent, right)) return undefined;
    const [deviceNo, name, until, mimetype, filename] = JSON.parse(
      Buffer.from(text, 'base64url').toString(),
    ) as [number, string, number, string, string];
    return until >= now && NAME.test(name) ? { deviceNo, name, mimetype, filename } : undefined;
  }

  #sign(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}

function shortened(filename: string): string {
  if (filename.length <= LONGEST_NAME) return filename;
  const dot = filename.lastIndexOf('.');
  const extension = dot > filename.length - 12 ? filename.slice(dot) : '';
  return filename.slice(0, LONGEST_NAME - extension.length).replace(/\p{Surrogate}$/u, '') + extension;
}
