// The Noise handshake, the responder's side (protocol.md 2; Baileys Utils/noise-handler, whatsmeow handshake.go).
import { proto } from '@whiskeysockets/baileys';
import type { Trust } from './certificate.ts';
import { generateKeyPair, type KeyPair } from './crypto.ts';
import { NoiseState } from './noise-state.ts';
import { ProtocolError } from './protocol-error.ts';
import { Transport } from './transport.ts';

const XX = 'Noise_XX_25519_AESGCM_SHA256';
const IK = 'Noise_IK_25519_AESGCM_SHA256';
const XX_FALLBACK = 'Noise_XXfallback_25519_AESGCM_SHA256';

/** What is known of a client once it proved itself. */
export interface Authenticated {
  /** The client's noise static key, 32 bytes: the only thing that authenticates a login. */
  readonly noiseKey: Uint8Array;
  readonly payload: proto.IClientPayload;
  readonly transport: Transport;
}

/** What the server answers a hello with; with a client in it the handshake is over. */
export interface Greeting {
  readonly hello: Uint8Array;
  readonly client?: Authenticated;
}

/**
 * One handshake: `hello`, then, unless the client resumed, `finish`. Both throw {@link ProtocolError} for what no honest
 * client sends.
 *
 * Patterns (whatsapp-rust agent_docs/noise_handshake.md, after WhatsApp Web's own code): XX for a client that knows
 * nothing of the server; IK for one that kept the server's static key and sends its login along with the hello;
 * XXfallback when that key is not ours (any more), which goes on like XX. Baileys and whatsmeow speak XX alone.
 */
export class Handshake {
  readonly #trust: Trust;
  readonly #prologue: Uint8Array;
  readonly #ephemeral: KeyPair = generateKeyPair();
  #state: NoiseState | undefined;

  /** `prologue` is the client's 4-byte header; routing info before it is not part of the hash. */
  constructor(trust: Trust, prologue: Uint8Array) {
    this.#trust = trust;
    this.#prologue = prologue;
  }

  /** Takes the client hello. */
  hello(frame: Uint8Array): Greeting {
    const { ephemeral, static: sealedStatic, payload } = decodeHandshake(frame).clientHello ?? {};
    if (ephemeral?.length !== 32) throw new ProtocolError('client hello without a key');
    if (!sealedStatic || !payload) return { hello: this.#greet(XX, ephemeral) };
    return this.#resume(ephemeral, sealedStatic, payload) ?? { hello: this.#greet(XX_FALLBACK, ephemeral) };
  }

  /** Takes the client finish. */
  finish(frame: Uint8Array): Authenticated {
    const finish = decodeHandshake(frame).clientFinish;
    const state = this.#state;
    if (!state || !finish?.static || !finish.payload)
      throw new ProtocolError('client finish without a key or payload');
    const noiseKey = staticKey(state.decrypt(finish.static));
    state.mix(this.#ephemeral.private, noiseKey);
    return authenticated(state, noiseKey, state.decrypt(finish.payload));
  }

  /** The server hello of XX and XXfallback. */
  #greet(pattern: string, theirs: Uint8Array): Uint8Array {
    const state = new NoiseState(pattern, this.#prologue);
    this.#state = state;
    state.authenticate(theirs);
    state.authenticate(this.#ephemeral.public);
    state.mix(this.#ephemeral.private, theirs);
    const sealed = state.encrypt(this.#trust.static.public);
    state.mix(this.#trust.static.private, theirs);
    const payload = state.encrypt(this.#trust.chain);
    return encodeHello({ ephemeral: this.#ephemeral.public, static: sealed, payload });
  }

  /** IK; undefined when the client had another static key of ours in mind. */
  #resume(theirs: Uint8Array, sealedStatic: Uint8Array, sealedPayload: Uint8Array): Greeting | undefined {
    const state = new NoiseState(IK, this.#prologue);
    state.authenticate(this.#trust.static.public);
    state.authenticate(theirs);
    state.mix(this.#trust.static.private, theirs);
    let noiseKey: Buffer;
    let payload: Buffer;
    try {
      noiseKey = staticKey(state.decrypt(sealedStatic));
      state.mix(this.#trust.static.private, noiseKey);
      payload = state.decrypt(sealedPayload);
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
    state.authenticate(this.#ephemeral.public);
    state.mix(this.#ephemeral.private, theirs);
    state.mix(this.#ephemeral.private, noiseKey);
    const hello = encodeHello({
      ephemeral: this.#ephemeral.public,
      payload: state.encrypt(this.#trust.chain),
    });
    return { hello, client: authenticated(state, noiseKey, payload) };
  }
}

function staticKey(key: Buffer): Buffer {
  if (key.length !== 32) throw new ProtocolError('client static key is not 32 bytes');
  return key;
}

function authenticated(state: NoiseState, noiseKey: Uint8Array, payload: Uint8Array): Authenticated {
  const [theirs, ours] = state.split();
  return { noiseKey, payload: decodePayload(payload), transport: new Transport(theirs, ours) };
}

function encodeHello(serverHello: proto.HandshakeMessage.IServerHello): Uint8Array {
  return proto.HandshakeMessage.encode({ serverHello }).finish();
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
