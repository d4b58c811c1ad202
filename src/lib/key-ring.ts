/**
 * The installation's keys (KEKs), newest first: the first seals, all of them open. They seal what belongs to the
 * installation and, above all, each device's own key (docs/decisions/0009). Only the main thread has them.
 */
import { Seal, SealBroken, sealedWith } from './seal.ts';

/** Sealed with a key that is not among ours. Its id says which, and nothing else of it. */
export class KeyMissing extends SealBroken {
  readonly keyId: string;

  constructor(place: string, keyId: string) {
    super(place);
    this.keyId = keyId;
    this.message = `the stored value at ${place} was sealed with the key ${keyId}, which is not among the sealing keys`;
  }
}

export class KeyRing {
  readonly #seals: readonly [Seal, ...Seal[]];

  /** Keys of 32 bytes, at least one. */
  constructor(keys: readonly Uint8Array[]) {
    const [newest, ...older] = keys.map(key => new Seal(key));
    if (!newest) throw new RangeError('a key ring has at least one key');
    this.#seals = [newest, ...older];
  }

  /** The ids of the keys, newest first, for logs and messages. */
  get ids(): string[] {
    return this.#seals.map(({ id }) => id.toString('hex'));
  }

  /** The id of the key that seals, as it stands in what it has sealed. */
  get newest(): Buffer {
    return this.#seals[0].id;
  }

  seal(place: string, value: Uint8Array): Buffer {
    return this.#seals[0].seal(place, value);
  }

  /** Fails with KeyMissing, or with SealBroken when the value was changed or moved. */
  open(place: string, sealed: Uint8Array): Buffer {
    const id = sealedWith(sealed);
    const seal = this.#seals.find(one => one.id.equals(id));
    if (!seal) throw new KeyMissing(place, id.toString('hex'));
    return seal.open(place, sealed);
  }

  /** The value sealed with the newest key; undefined when it is already. Fails as `open` does. */
  renew(place: string, sealed: Uint8Array): Buffer | undefined {
    return sealedWith(sealed).equals(this.newest) ? undefined : this.seal(place, this.open(place, sealed));
  }
}
