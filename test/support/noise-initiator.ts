// The client's half of the handshake: XX as whatsmeow and Baileys speak it (protocol.md 2), IK and XXfallback as
// whatsapp-rust does (wacore/noise/src/handshake.rs). Written apart from the server's half so that a mistake in one is not
// made in both.
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { agree, generateKeyPair, type KeyPair, verify } from '../../src/simulator/wire/crypto.ts';
import { Transport } from '../../src/simulator/wire/transport.ts';

const PATTERN = Buffer.from('Noise_XX_25519_AESGCM_SHA256\0\0\0\0');
const RESUME = Buffer.from('Noise_IK_25519_AESGCM_SHA256\0\0\0\0');
// Longer than a hash.
const FALLBACK = createHash('sha256').update('Noise_XXfallback_25519_AESGCM_SHA256').digest();
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
  /** Of the server, once it was told. */
  serverKey: Buffer | undefined;

  /** With `root` (32 bytes) the server's certificates are checked, as whatsmeow does it. */
  constructor(staticKey: KeyPair, root?: Uint8Array) {
    this.#static = staticKey;
    this.#root = root;
    this.#start(PATTERN);
  }

  hello(): Uint8Array {
    this.#mixHash(this.#ephemeral.public);
    return proto.HandshakeMessage.encode({ clientHello: { ephemeral: this.#ephemeral.public } }).finish();
  }

  /** The hello of IK: `payload` goes along, sealed for the server that has this static key. */
  resume(theirStatic: Uint8Array, payload: Uint8Array): Uint8Array {
    this.#start(RESUME);
    this.#mixHash(theirStatic);
    this.#mixHash(this.#ephemeral.public);
    this.#mixKey(agree(this.#ephemeral.private, theirStatic));
    const sealedStatic = this.#seal(this.#static.public);
    this.#mixKey(agree(this.#static.private, theirStatic));
    const clientHello = {
      ephemeral: this.#ephemeral.public,
      static: sealedStatic,
      payload: this.#seal(payload),
    };
    this.serverKey = Buffer.from(theirStatic);
    return proto.HandshakeMessage.encode({ clientHello }).finish();
  }

  /** Takes the answer to {@link resume}; undefined when the server has another key: {@link finish} goes on from there. */
  resumed(serverHello: Uint8Array): Transport | undefined {
    const hello = proto.HandshakeMessage.decode(serverHello).serverHello;
    if (!hello?.ephemeral || !hello.payload) throw new Error('no server hello');
    if (hello.static) {
      this.#start(FALLBACK);
      this.#mixHash(this.#ephemeral.public);
      return undefined;
    }
    this.#mixHash(hello.ephemeral);
    this.#mixKey(agree(this.#ephemeral.private, hello.ephemeral));
    this.#mixKey(agree(this.#static.private, hello.ephemeral));
    this.#checkChain(this.#open(hello.payload), this.serverKey ?? Buffer.alloc(0));
    return this.#transport();
  }

  /** Takes the server hello, returns the client finish with `payload` in it. Throws when the server is not who it says. */
  finish(serverHello: Uint8Array, payload: Uint8Array): { finish: Uint8Array; transport: Transport } {
    const hello = proto.HandshakeMessage.decode(serverHello).serverHello;
    if (!hello?.ephemeral || !hello.static || !hello.payload) throw new Error('no server hello');
    this.#mixHash(hello.ephemeral);
    this.#mixKey(agree(this.#ephemeral.private, hello.ephemeral));
    const theirStatic = this.#open(hello.static);
    this.serverKey = theirStatic;
    this.#mixKey(agree(this.#ephemeral.private, theirStatic));
    this.#checkChain(this.#open(hello.payload), theirStatic);
    const staticKey = this.#seal(this.#static.public);
    this.#mixKey(agree(this.#static.private, hello.ephemeral));
    const sealed = this.#seal(payload);
    const finish = proto.HandshakeMessage.encode({ clientFinish: { static: staticKey, payload: sealed } });
    return { finish: finish.finish(), transport: this.#transport() };
  }

  #start(pattern: Buffer): void {
    this.#hash = pattern;
    this.#salt = pattern;
    this.#key = pattern;
    this.#count = 0;
    this.#mixHash(INTRO);
  }

  #transport(): Transport {
    const keys = Buffer.from(hkdfSync('sha256', Buffer.alloc(0), this.#salt, '', 64));
    return new Transport(keys.subarray(32), keys.subarray(0, 32));
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
