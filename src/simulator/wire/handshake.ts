// Noise_XX_25519_AESGCM_SHA256, the responder's side (protocol.md 2; Baileys Utils/noise-handler, whatsmeow handshake.go).
import { proto } from '@whiskeysockets/baileys';
import type { Trust } from './certificate.ts';
import { agree, generateKeyPair, hkdf, type KeyPair, nonce, open, seal, sha256 } from './crypto.ts';
import { ProtocolError } from './stanza.ts';

const PATTERN = Buffer.from('Noise_XX_25519_AESGCM_SHA256\0\0\0\0');
const NOTHING = Buffer.alloc(0);

/** What is known of a client once it proved itself. */
export interface Authenticated {
  /** The client's noise static key, 32 bytes: the only thing that authenticates a login. */
  readonly noiseKey: Uint8Array;
  readonly payload: proto.IClientPayload;
  readonly transport: Transport;
}

/** Both directions after the handshake; each counts its own frames from 0. */
export class Transport {
  readonly #read: Uint8Array;
  readonly #write: Uint8Array;
  #reads = 0;
  #writes = 0;

  constructor(read: Uint8Array, write: Uint8Array) {
    this.#read = read;
    this.#write = write;
  }

  /** Throws {@link ProtocolError} when the frame was not made by this peer, or not in this order. */
  open(frame: Uint8Array): Buffer {
    try {
      return open(this.#read, nonce(this.#reads++), frame);
    } catch (error) {
      throw new ProtocolError('a frame does not authenticate', { cause: error });
    }
  }

  seal(plain: Uint8Array): Buffer {
    return seal(this.#write, nonce(this.#writes++), plain);
  }
}

/** One handshake: `hello`, then `finish`. Both throw {@link ProtocolError} for what no honest client sends. */
export class Handshake {
  readonly #trust: Trust;
  readonly #ephemeral: KeyPair = generateKeyPair();
  #hash: Uint8Array = PATTERN;
  #salt: Uint8Array = PATTERN;
  #key: Uint8Array = PATTERN;
  #counter = 0;

  /** `prologue` is the client's 4-byte header; routing info before it is not part of the hash. */
  constructor(trust: Trust, prologue: Uint8Array) {
    this.#trust = trust;
    this.#authenticate(prologue);
  }

  /** Takes the client hello, returns the server hello. */
  hello(frame: Uint8Array): Uint8Array {
    const theirs = decodeHandshake(frame).clientHello?.ephemeral;
    if (theirs?.length !== 32) throw new ProtocolError('client hello without a key');
    this.#authenticate(theirs);
    this.#authenticate(this.#ephemeral.public);
    this.#mix(this.#ephemeral.private, theirs);
    const staticKey = this.#encrypt(this.#trust.static.public);
    this.#mix(this.#trust.static.private, theirs);
    const payload = this.#encrypt(this.#trust.chain);
    const serverHello = { ephemeral: this.#ephemeral.public, static: staticKey, payload };
    return proto.HandshakeMessage.encode({ serverHello }).finish();
  }

  /** Takes the client finish. */
  finish(frame: Uint8Array): Authenticated {
    const finish = decodeHandshake(frame).clientFinish;
    if (!finish?.static || !finish.payload) throw new ProtocolError('client finish without a key or payload');
    const noiseKey = this.#decrypt(finish.static);
    if (noiseKey.length !== 32) throw new ProtocolError('client static key is not 32 bytes');
    this.#mix(this.#ephemeral.private, noiseKey);
    const payload = decodePayload(this.#decrypt(finish.payload));
    const keys = hkdf(NOTHING, 64, this.#salt, '');
    return { noiseKey, payload, transport: new Transport(keys.subarray(0, 32), keys.subarray(32)) };
  }

  #authenticate(data: Uint8Array): void {
    this.#hash = sha256(this.#hash, data);
  }

  #mix(privateKey: Uint8Array, publicKey: Uint8Array): void {
    const keys = hkdf(agree(privateKey, publicKey), 64, this.#salt, '');
    this.#salt = keys.subarray(0, 32);
    this.#key = keys.subarray(32);
    this.#counter = 0;
  }

  #encrypt(plain: Uint8Array): Buffer {
    const sealed = seal(this.#key, nonce(this.#counter++), plain, this.#hash);
    this.#authenticate(sealed);
    return sealed;
  }

  #decrypt(sealed: Uint8Array): Buffer {
    try {
      const plain = open(this.#key, nonce(this.#counter++), sealed, this.#hash);
      this.#authenticate(sealed);
      return plain;
    } catch (error) {
      throw new ProtocolError('the handshake does not authenticate', { cause: error });
    }
  }
}

function decodeHandshake(frame: Uint8Array): proto.HandshakeMessage {
  try {
    return proto.HandshakeMessage.decode(frame);
  } catch (error) {
    throw new ProtocolError('not a handshake message', { cause: error });
  }
}

function decodePayload(encoded: Uint8Array): proto.ClientPayload {
  try {
    return proto.ClientPayload.decode(encoded);
  } catch (error) {
    throw new ProtocolError('not a client payload', { cause: error });
  }
}
