// The client's half of Noise_XX_25519_AESGCM_SHA256, as whatsmeow and Baileys speak it (protocol.md 2), written apart
// from the server's half so that a mistake in one is not made in both.
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { agree, generateKeyPair, type KeyPair, verify } from '../../src/simulator/wire/crypto.ts';
import { Transport } from '../../src/simulator/wire/transport.ts';

const PATTERN = Buffer.from('Noise_XX_25519_AESGCM_SHA256\0\0\0\0');
/** WA, magic 6, dictionary 3: before the first frame, and first into the hash. */
export const INTRO = Buffer.from([0x57, 0x41, 6, 3]);

export class NoiseInitiator {
  readonly #static: KeyPair;
  readonly #root: Uint8Array | undefined;
  readonly #ephemeral = generateKeyPair();
  #hash: Buffer = PATTERN;
  #salt: Buffer = PATTERN;
  #key: Buffer = PATTERN;
  #count = 0;

  /** With `root` (32 bytes) the server's certificates are checked, as whatsmeow does it. */
  constructor(staticKey: KeyPair, root?: Uint8Array) {
    this.#static = staticKey;
    this.#root = root;
    this.#mixHash(INTRO);
  }

  hello(): Uint8Array {
    this.#mixHash(this.#ephemeral.public);
    return proto.HandshakeMessage.encode({ clientHello: { ephemeral: this.#ephemeral.public } }).finish();
  }

  /** Takes the server hello, returns the client finish with `payload` in it. Throws when the server is not who it says. */
  finish(serverHello: Uint8Array, payload: Uint8Array): { finish: Uint8Array; transport: Transport } {
    const hello = proto.HandshakeMessage.decode(serverHello).serverHello;
    if (!hello?.ephemeral || !hello.static || !hello.payload) throw new Error('no server hello');
    this.#mixHash(hello.ephemeral);
    this.#mixKey(agree(this.#ephemeral.private, hello.ephemeral));
    const theirStatic = this.#open(hello.static);
    this.#mixKey(agree(this.#ephemeral.private, theirStatic));
    this.#checkChain(this.#open(hello.payload), theirStatic);
    const staticKey = this.#seal(this.#static.public);
    this.#mixKey(agree(this.#static.private, hello.ephemeral));
    const sealed = this.#seal(payload);
    const finish = proto.HandshakeMessage.encode({ clientFinish: { static: staticKey, payload: sealed } });
    const keys = Buffer.from(hkdfSync('sha256', Buffer.alloc(0), this.#salt, '', 64));
    const transport = new Transport(keys.subarray(32), keys.subarray(0, 32));
    return { finish: finish.finish(), transport };
  }

  #checkChain(encoded: Uint8Array, theirStatic: Uint8Array): void {
    if (!this.#root) return;
    const { leaf, intermediate } = proto.CertChain.decode(encoded);
    const { Details } = proto.CertChain.NoiseCertificate;
    if (!leaf?.details || !leaf.signature || !intermediate?.details || !intermediate.signature)
      throw new Error('no certificates');
    const middle = Details.decode(intermediate.details);
    const last = Details.decode(leaf.details);
    if (
      !verify(this.#root, intermediate.details, intermediate.signature) ||
      !verify(middle.key ?? Buffer.alloc(0), leaf.details, leaf.signature) ||
      middle.issuerSerial !== 0 ||
      last.issuerSerial !== middle.serial ||
      !Buffer.from(theirStatic).equals(last.key ?? Buffer.alloc(0))
    )
      throw new Error('the certificates are not of this server');
  }

  #mixHash(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest();
  }

  #mixKey(secret: Uint8Array): void {
    const keys = Buffer.from(hkdfSync('sha256', secret, this.#salt, '', 64));
    this.#salt = keys.subarray(0, 32);
    this.#key = keys.subarray(32);
    this.#count = 0;
  }

  #iv(): Buffer {
    const iv = Buffer.alloc(12);
    iv.writeUInt32BE(this.#count++, 8);
    return iv;
  }

  #seal(plain: Uint8Array): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.#key, this.#iv()).setAAD(this.#hash);
    const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    this.#mixHash(sealed);
    return sealed;
  }

  #open(sealed: Uint8Array): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', this.#key, this.#iv()).setAAD(this.#hash);
    decipher.setAuthTag(sealed.subarray(-16));
    const plain = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    this.#mixHash(sealed);
    return plain;
  }
}
