// The symmetric state of a Noise handshake: what both sides have agreed on so far (noiseprotocol.org revision 34, 5.2).
import { agree, hkdf, nonce, open, seal, sha256 } from './crypto.ts';
import { ProtocolError } from './stanza.ts';

const NOTHING = Buffer.alloc(0);

export class NoiseState {
  #hash: Uint8Array;
  #salt: Uint8Array;
  #key: Uint8Array;
  #counter = 0;

  /** `pattern` is the protocol's name; one of at most 32 bytes is the first hash as it is, a longer one is hashed. */
  constructor(pattern: string, prologue: Uint8Array) {
    const name = Buffer.from(pattern);
    this.#hash = name.length > 32 ? sha256(name) : Buffer.concat([name, Buffer.alloc(32 - name.length)]);
    this.#salt = this.#hash;
    this.#key = this.#hash;
    this.authenticate(prologue);
  }

  /** MixHash: from here on both sides must have seen `data`. */
  authenticate(data: Uint8Array): void {
    this.#hash = sha256(this.#hash, data);
  }

  /** MixKey with the secret that these two keys share. */
  mix(privateKey: Uint8Array, publicKey: Uint8Array): void {
    const keys = hkdf(agree(privateKey, publicKey), 64, this.#salt, '');
    this.#salt = keys.subarray(0, 32);
    this.#key = keys.subarray(32);
    this.#counter = 0;
  }

  encrypt(plain: Uint8Array): Buffer {
    const sealed = seal(this.#key, nonce(this.#counter++), plain, this.#hash);
    this.authenticate(sealed);
    return sealed;
  }

  /** Throws {@link ProtocolError} when the other side does not agree. */
  decrypt(sealed: Uint8Array): Buffer {
    try {
      const plain = open(this.#key, nonce(this.#counter++), sealed, this.#hash);
      this.authenticate(sealed);
      return plain;
    } catch (error) {
      throw new ProtocolError('the handshake does not authenticate', { cause: error });
    }
  }

  /** The transport keys: first what the initiator writes with, then what the responder writes with. */
  split(): [Uint8Array, Uint8Array] {
    const keys = hkdf(NOTHING, 64, this.#salt, '');
    return [keys.subarray(0, 32), keys.subarray(32)];
  }
}
