// Which Signal keys were given away and used, as far as the headers of ciphertexts tell: a message key serves one message, a
// one-time prekey one session.
import { BoundedMap, keepLast } from '../bounded.ts';
import type { BinaryNode } from '../wire/stanza.ts';
import { type KeyUse, readKeyUse } from './ciphertext.ts';
import type { DeviceLog } from './device-log.ts';
import { type DeviceEntry, MAX_KEYS_PER_DEVICE, type MessageEntry } from './entry.ts';
import type { ViolationKind } from './violations.ts';

const MAX_KEYS = 500_000;
const MAX_PREKEYS = 200_000;

/** Where it is written down. */
interface Book {
  readonly totals: { resent: number; duplicates: number };
  log(device: string): DeviceLog;
  violated(kind: ViolationKind, id: string, device: string, detail: string): void;
}

export class SignalKeys {
  readonly #book: Book;
  /** By chain and counter: MAC and message id of the first use. */
  readonly #keys = new BoundedMap<string>(MAX_KEYS);
  /** By device and id: the public key, as base64. */
  readonly #uploaded = new BoundedMap<string>(MAX_PREKEYS);
  readonly #preKeys = new BoundedMap<{ handed: number; baseKey?: string; by?: string }>(MAX_PREKEYS);
  /** The last sender-key ciphertext, which a fan-out shares. */
  #shared: Uint8Array | undefined;
  #sharedUse: KeyUse | undefined;

  constructor(book: Book) {
    this.#book = book;
  }

  /** A bundle had this one-time prekey of a device. */
  handed(device: string, id: number): void {
    this.#book.log(device).preKeysHanded++;
    const key = `${device} ${id}`;
    const known = this.#preKeys.get(key);
    if (known?.handed)
      this.#book.violated('prekey-handed-twice', String(id), device, 'a bundle had it before');
    if (known) known.handed++;
    else this.#preKeys.set(key, { handed: 1 });
  }

  /** A client gave the server this one-time prekey. */
  uploaded(device: string, id: number, publicKey: Uint8Array): void {
    const key = `${device} ${id}`;
    const now = Buffer.from(publicKey).toString('base64');
    const before = this.#uploaded.get(key);
    if (before !== undefined && before !== now)
      this.#book.violated('prekey-id-reused', String(id), device, 'another key was uploaded under it before');
    this.#uploaded.set(key, now);
  }

  /** The sender made this `<enc>` of a message for a device. */
  used(entry: MessageEntry, device: string, row: DeviceEntry, enc: BinaryNode): void {
    const { content } = enc;
    if (!(content instanceof Uint8Array)) return;
    if (content === this.#shared) {
      // The same sender-key message, for another device.
      if (this.#sharedUse) keepLast(row.keys, this.#sharedUse, MAX_KEYS_PER_DEVICE);
      return;
    }
    const use = readKeyUse(enc.attrs.type ?? '', content);
    if (enc.attrs.type === 'skmsg') {
      this.#shared = content;
      this.#sharedUse = use;
    }
    if (!use) return;
    keepLast(row.keys, use, MAX_KEYS_PER_DEVICE);
    // Sender key ids are small random numbers: only the sender makes them unique.
    const key = `${use.type === 'skmsg' ? `${entry.from} ` : ''}${use.chain} ${use.counter}`;
    const before = this.#keys.get(key);
    const now = `${use.mac} ${entry.id}`;
    if (before === undefined) this.#keys.set(key, now);
    else if (before.startsWith(use.mac)) this.#book.totals.resent++;
    else {
      this.#book.totals.duplicates++;
      this.#book.violated(
        'message-key-reused',
        entry.id,
        entry.from,
        `${key} was used for ${before.slice(use.mac.length + 1)}`,
      );
    }
    if (use.preKey !== undefined && use.baseKey !== undefined)
      this.#preKeyUsed(entry, device, use.preKey, use.baseKey);
  }

  #preKeyUsed(entry: MessageEntry, device: string, id: number, baseKey: string): void {
    const key = `${device} ${id}`;
    const known = this.#preKeys.get(key);
    if (known?.baseKey === baseKey) return;
    this.#book.log(device).preKeysUsed++;
    if (known?.baseKey !== undefined)
      this.#book.violated(
        'prekey-used-twice',
        entry.id,
        device,
        `prekey ${id}, first by ${known.by}, now by ${entry.from}`,
      );
    this.#preKeys.set(key, { handed: known?.handed ?? 0, baseKey, by: entry.from });
  }

  clear(): void {
    this.#keys.clear();
    this.#preKeys.clear();
    this.#uploaded.clear();
    this.#shared = undefined;
    this.#sharedUse = undefined;
  }
}
