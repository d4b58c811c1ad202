// A linked device without Baileys: it logs in, says what a client must say, and confirms what it gets. Thousands fit in
// one process, and it sends exactly the bytes that it is told to, which a real client would not.
import { type AuthenticationCreds, BufferJSON, proto } from '@whiskeysockets/baileys';
import { WebSocket } from 'ws';
import type { LinkedDevice } from '../../src/simulator/control/client.ts';
import type { KeyPair } from '../../src/simulator/wire/crypto.ts';
import { FrameReader, frame } from '../../src/simulator/wire/frames.ts';
import { type BinaryNode, child, decode, encode, node, SERVER } from '../../src/simulator/wire/stanza.ts';
import type { Transport } from '../../src/simulator/wire/transport.ts';
import { INTRO, NoiseInitiator } from './noise-initiator.ts';

export interface BareClientOptions {
  readonly socketUrl: string;
  readonly linked: LinkedDevice;
  /** The server's root key in hex; without it nobody looks at its certificates. */
  readonly rootKey?: string;
  /** PEM of the authority behind a wss URL. */
  readonly ca?: string;
  /** Any certificate will do. */
  readonly insecure?: boolean;
  /** Every stanza that comes, once it has been confirmed. */
  readonly onStanza?: (stanza: BinaryNode, client: BareClient) => void;
  /** How many of what waited it asks for at the preview; 0: it does not ask. */
  readonly batch?: number;
  /** Confirms nothing that it gets. */
  readonly silent?: boolean;
  /** Reads nothing after the login: what the server sends stays in its buffers. */
  readonly deaf?: boolean;
  /** The server's static key from an earlier login: it logs in with its hello (IK). */
  readonly resume?: Uint8Array;
  /** Instead of the noise key of `linked`. */
  readonly noiseKey?: KeyPair;
  /** An encoded ClientPayload instead of the login of `linked`, whose noise key is used all the same. */
  readonly payload?: Uint8Array;
}

/** What login and going active ask of the server, in Baileys' order (protocol.md 5.2). */
const OPENING = [
  node('iq', { to: SERVER, type: 'get', xmlns: 'encrypt' }, [node('count', {})]),
  node('iq', { to: SERVER, type: 'set', xmlns: 'passive' }, [node('active', {})]),
  node('iq', { to: SERVER, type: 'get', xmlns: 'encrypt' }, [node('digest', {})]),
];

/** What a client must confirm. */
const CONFIRMED = new Set(['message', 'receipt', 'notification', 'call']);

export class BareClient {
  readonly linked: LinkedDevice;
  /** Resolves once the server said `success` and what waited in the queue is through; rejects when it ended before. */
  readonly open: Promise<void>;
  /** Resolves with the last stanza that ended the stream, or undefined. */
  readonly closed: Promise<BinaryNode | undefined>;
  /** The server's static key, once it is known. */
  serverKey: Uint8Array | undefined;
  /** The server took the login that came with the hello. */
  resumed = false;
  readonly #options: BareClientOptions;
  readonly #socket: WebSocket;
  readonly #reader = new FrameReader();
  #noise: NoiseInitiator | undefined;
  #transport: Transport | undefined;
  #ids = 0;
  #ending: BinaryNode | undefined;
  #failed: unknown;
  readonly #asked = new Map<string, (answer: BinaryNode) => void>();
  #opened: () => void = () => {};

  constructor(options: BareClientOptions) {
    this.#options = options;
    this.linked = options.linked;
    const socket = new WebSocket(options.socketUrl, {
      origin: 'https://web.whatsapp.com',
      perMessageDeflate: false,
      rejectUnauthorized: options.insecure !== true,
      ...(options.ca !== undefined && { ca: options.ca }),
    });
    this.#socket = socket;
    this.open = new Promise((resolve, reject) => {
      this.#opened = resolve;
      socket.once('close', () => {
        const last = this.#ending && JSON.stringify(this.#ending);
        reject(new Error(`closed before it was open: ${last}`, { cause: this.#failed }));
      });
    });
    this.open.catch(() => {});
    this.closed = new Promise(resolve => socket.once('close', () => resolve(this.#ending)));
    socket.on('error', () => {}); // 'close' follows
    socket.on('open', () => this.#greet());
    socket.on('message', (data: Buffer) => {
      try {
        this.#receive(data);
      } catch (error) {
        this.#failed = error;
        socket.terminate();
      }
    });
  }

  send(stanza: BinaryNode): void {
    this.sendPlain(encode(stanza));
  }

  /** Any bytes, sealed as a frame should be. */
  sendPlain(plain: Uint8Array): void {
    if (this.#transport) this.sendBytes(frame(this.#transport.seal(plain)));
  }

  /** Any bytes as they are. */
  sendBytes(data: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data);
  }

  /** Sends an iq with an id of its own and resolves with its answer, which may be an error. */
  query(iq: BinaryNode): Promise<BinaryNode> {
    const id = this.nextId();
    return new Promise(resolve => {
      this.#asked.set(id, resolve);
      this.send({ ...iq, attrs: { ...iq.attrs, id } });
    });
  }

  /** More of what waited for it. */
  askFor(count: number): void {
    this.send(node('ib', {}, [node('offline_batch', { count: String(count) })]));
  }

  nextId(): string {
    return `${this.linked.phone}-${++this.#ids}`;
  }

  /** Drops the connection without a word. */
  end(): void {
    this.#socket.terminate();
  }

  /** Reads no more, or again. */
  pause(deaf: boolean): void {
    if (deaf) this.#socket.pause();
    else this.#socket.resume();
  }

  #greet(): void {
    const creds = JSON.parse(this.linked.credentials, BufferJSON.reviver) as AuthenticationCreds;
    const root = this.#options.rootKey === undefined ? undefined : Buffer.from(this.#options.rootKey, 'hex');
    const { resume, noiseKey = creds.noiseKey } = this.#options;
    this.#noise = new NoiseInitiator(noiseKey, root);
    const hello = resume ? this.#noise.resume(resume, this.#payload()) : this.#noise.hello();
    this.sendBytes(Buffer.concat([INTRO, frame(hello)]));
  }

  #receive(data: Buffer): void {
    // The reader expects the intro that only clients send.
    if (!this.#reader.header) this.#reader.push(INTRO);
    this.#reader.push(data);
    for (let next = this.#reader.next(); next; next = this.#reader.next()) {
      if (this.#transport) this.#handle(decode(this.#transport.open(next)));
      else this.#authenticate(next);
    }
  }

  #authenticate(serverHello: Buffer): void {
    const noise = this.#noise;
    if (!noise) throw new Error('an answer to nothing');
    this.#transport = this.#options.resume && noise.resumed(serverHello);
    this.resumed = this.#transport !== undefined;
    if (!this.#transport) {
      const done = noise.finish(serverHello, this.#payload());
      this.sendBytes(frame(done.finish));
      this.#transport = done.transport;
    }
    this.serverKey = noise.serverKey;
    this.#noise = undefined;
    this.#reader.trust();
  }

  #payload(): Uint8Array {
    return this.#options.payload ?? loginPayload(this.linked);
  }

  #handle(stanza: BinaryNode): void {
    const { tag, attrs } = stanza;
    const { batch = 100, silent = false } = this.#options;
    switch (silent && CONFIRMED.has(tag) ? undefined : tag) {
      case 'success':
        for (const iq of OPENING) this.send({ ...iq, attrs: { ...iq.attrs, id: this.nextId() } });
        break;
      case 'ib':
        if (child(stanza, 'offline_preview') && batch > 0) this.askFor(batch);
        if (child(stanza, 'offline')) this.#ready();
        break;
      case 'iq':
        this.#asked.get(attrs.id ?? '')?.(stanza);
        this.#asked.delete(attrs.id ?? '');
        break;
      case 'message':
        this.send(receiptFor(attrs));
        break;
      case 'receipt':
      case 'notification':
      case 'call':
        this.send(
          node('ack', {
            class: tag,
            id: attrs.id,
            to: attrs.from,
            type: attrs.type,
            participant: attrs.participant,
            recipient: attrs.recipient,
          }),
        );
        break;
      case 'failure':
      case 'stream:error':
        this.#ending = stanza;
        break;
    }
    this.#options.onStanza?.(stanza, this);
  }

  #ready(): void {
    this.send(node('presence', { type: 'available', name: `Device ${this.linked.phone}` }));
    if (this.#options.deaf) this.#socket.pause();
    this.#opened();
  }
}

function loginPayload({ phone, jid }: LinkedDevice): Uint8Array {
  const { ClientPayload } = proto;
  return ClientPayload.encode({
    connectType: ClientPayload.ConnectType.WIFI_UNKNOWN,
    connectReason: ClientPayload.ConnectReason.USER_ACTIVATED,
    passive: true,
    pull: true,
    username: Number(phone),
    device: Number(/:(\d+)@/.exec(jid)?.[1] ?? 0),
  }).finish();
}

/** Own messages from another device are confirmed as `sender`, peer messages as `peer_msg` (protocol.md 9.1). */
function receiptFor(attrs: Readonly<Record<string, string>>): BinaryNode {
  const type = attrs.category === 'peer' ? 'peer_msg' : attrs.recipient === undefined ? undefined : 'sender';
  return node('receipt', {
    id: attrs.id,
    to: attrs.from,
    participant: attrs.participant,
    recipient: attrs.recipient,
    type,
  });
}
