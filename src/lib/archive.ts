/**
 * An encrypted file of one device, for its way from one installation to another. Locked with a passphrase:
 *
 *   "CARDUME-DEVICE" 14 | version 1 | log2(N) 1 | salt 16 | check 16 | nonce 12 | ciphertext | tag 16
 *
 * scrypt (N, r 8, p 1) makes 64 bytes of passphrase and salt: an AES-256-GCM key, and 32 bytes whose hash is `check`, so
 * that a wrong passphrase and a damaged file can be told apart. Everything before the ciphertext is authenticated with it.
 */
import {
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  createHash,
  type DecipherGCM,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';
import { Pauses } from './pauses.ts';

const MAGIC = Buffer.from('CARDUME-DEVICE');
const VERSION = 1;
const SALT = 16;
const CHECK = 16;
const NONCE = 12;
const TAG = 16;
const HEAD = MAGIC.length + 2 + SALT + CHECK + NONCE;
/** 64 MB and about 0.2 s for each guess. More in a file than the largest that we ever wrote is refused, not paid for. */
const LOG_N = 16;
const LOG_N_MAX = 18;
/** Some 1 ms of encryption. */
const PIECE = 1_048_576;

/** The shortest passphrase that is taken: below it a stolen file is opened by trying. */
export const PASSPHRASE_MIN = 12;

export type ArchiveTrouble = 'not an archive' | 'newer' | 'passphrase' | 'damaged';

/** The file cannot be opened, and why. */
export class ArchiveBroken extends Error {
  override readonly name = 'ArchiveBroken';
  readonly trouble: ArchiveTrouble;

  constructor(trouble: ArchiveTrouble, message: string, options?: ErrorOptions) {
    super(message, options);
    this.trouble = trouble;
  }
}

/** One at a time: each takes 64 MB. */
let deriving: Promise<unknown> = Promise.resolve();

export async function lockArchive(passphrase: string, content: Uint8Array): Promise<Buffer> {
  const salt = randomBytes(SALT);
  const { key, check } = await derive(passphrase, salt, LOG_N);
  const nonce = randomBytes(NONCE);
  const head = Buffer.concat([MAGIC, Buffer.of(VERSION, LOG_N), salt, check, nonce]);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(head);
  const file = Buffer.allocUnsafe(HEAD + content.length + TAG);
  file.set(head);
  await inPieces(cipher, content, file.subarray(HEAD));
  cipher.final();
  file.set(cipher.getAuthTag(), HEAD + content.length);
  return file;
}

/** What was locked in. Fails with ArchiveBroken. */
export async function openArchive(passphrase: string, file: Uint8Array): Promise<Buffer> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length <= MAGIC.length || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw new ArchiveBroken('not an archive', 'This is not the archive of a device.');
  const [version, logN] = [bytes[MAGIC.length], bytes[MAGIC.length + 1]];
  if (version !== VERSION)
    throw new ArchiveBroken('newer', `The archive has version ${version} and this program reads ${VERSION}.`);
  if (bytes.length < HEAD + TAG) throw new ArchiveBroken('damaged', 'The archive is not whole.');
  if (logN === undefined || logN < LOG_N || logN > LOG_N_MAX)
    throw new ArchiveBroken('damaged', 'The archive was changed after it was made.');

  const fields = bytes.subarray(MAGIC.length + 2, HEAD);
  const salt = fields.subarray(0, SALT);
  const check = fields.subarray(SALT, SALT + CHECK);
  const nonce = fields.subarray(SALT + CHECK);
  const derived = await derive(passphrase, salt, logN);
  if (!timingSafeEqual(derived.check, check))
    throw new ArchiveBroken('passphrase', 'The passphrase is not the one that the archive was made with.');
  const decipher = createDecipheriv('aes-256-gcm', derived.key, nonce)
    .setAAD(bytes.subarray(0, HEAD))
    .setAuthTag(bytes.subarray(bytes.length - TAG));
  const content = Buffer.allocUnsafe(bytes.length - HEAD - TAG);
  await inPieces(decipher, bytes.subarray(HEAD, bytes.length - TAG), content);
  try {
    decipher.final();
    return content;
  } catch (cause) {
    throw new ArchiveBroken('damaged', 'The archive was cut short or changed after it was made.', { cause });
  }
}

/** Tens of megabytes at once would keep the thread from everything else. GCM has as many bytes out as in. */
async function inPieces(cipher: CipherGCM | DecipherGCM, from: Uint8Array, to: Buffer): Promise<void> {
  const pauses = new Pauses();
  for (let at = 0; at < from.length; at += PIECE) {
    if (pauses.due) await pauses.take();
    to.set(cipher.update(from.subarray(at, at + PIECE)), at);
  }
}

async function derive(
  passphrase: string,
  salt: Uint8Array,
  logN: number,
): Promise<{ key: Buffer; check: Buffer }> {
  const turn = deriving.then(
    () =>
      new Promise<Buffer>((resolve, reject) =>
        scrypt(
          passphrase.normalize('NFC'),
          salt,
          64,
          { N: 2 ** logN, r: 8, p: 1, maxmem: 2 ** (logN + 10) * 2 },
          (error, bytes) => (error ? reject(error) : resolve(bytes)),
        ),
      ),
  );
  deriving = turn.catch(() => {});
  const bytes = await turn;
  const check = createHash('sha256').update(bytes.subarray(32)).digest().subarray(0, CHECK);
  return { key: bytes.subarray(0, 32), check };
}
