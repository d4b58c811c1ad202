// One client's socket: bytes to frames, frames through the handshake and then to stanzas, strictly in order.
// Whatever goes wrong in here ends this connection and nothing else.
import type { WebSocket } from 'ws';
import { type Device, deviceJid } from '../accounts/accounts.ts';
import { authenticate } from '../linking/login.ts';
import type { Registration } from '../linking/pairing-desk.ts';
import { handleStanza } from '../stanzas/dispatch.ts';
import type { World } from '../world.ts';
import { type CloseName, type Ending, type EndingOptions, ending, refusal } from './closes.ts';
import { DelayLine } from './delay-line.ts';
import { FrameReader, frame } from './frames.ts';
import { type Authenticated, Handshake, type Transport } from './handshake.ts';
import { type BinaryNode, decode, encode, ProtocolError } from './stanza.ts';

// The last stanza must be read before the close frame is (protocol.md 15).
const FLUSH_MS = 30;

export class Connection {
  readonly #world: World;
  readonly #socket: WebSocket;
  readonly #reader = new FrameReader();
  readonly #in: DelayLine;
  readonly #out: DelayLine;
  #handshake: Handshake | undefined;
  #transport: Transport | undefined;
  #greeted = false;
  #over = false;
  readonly #answers = new Map<string, (answer: BinaryNode) => void>();
  readonly #ended = new Set<() => void>();

  /** Set after a login. */
  device: Device | undefined;
  /** Set while the client waits to be linked. */
  registration: Registration | undefined;
  refs: string[] = [];
  /** Set while a pairing by code waits for the companion's last step. */
  codeFinish: ((finish: BinaryNode) => void) | undefined;

  constructor(world: World, socket: WebSocket) {
    this.#world = world;
    this.#socket = socket;
    const latency = () => world.faults.settings.latencyMs;
    this.#in = new DelayLine(latency);
    this.#out = new DelayLine(latency);
    socket.on('message', (data: Buffer) => this.#in.push(() => this.#receive(data)));
    socket.on('close', () => this.#finish('client'));
    socket.on('error', () => {}); // 'close' follows, and says all there is to say
  }

  send(stanza: BinaryNode): void {
    const transport = this.#transport;
    if (this.#over || !transport) return;
    this.#out.push(() => this.#write(transport.seal(encode(stanza))));
  }

  /** Sends an iq of the server's own and hands its answer to `answered`. */
  ask(iq: BinaryNode, answered: (answer: BinaryNode) => void): void {
    this.#answers.set(iq.attrs.id ?? '', answered);
    this.send(iq);
  }

  /** Gives an iq result to whoever asked. False when nobody did. */
  answer(result: BinaryNode): boolean {
    const id = result.attrs.id ?? '';
    const answered = this.#answers.get(id);
    this.#answers.delete(id);
    answered?.(result);
    return answered !== undefined;
  }

  onEnd(run: () => void): void {
    this.#ended.add(run);
  }

  offEnd(run: () => void): void {
    this.#ended.delete(run);
  }

  close(name: CloseName, options?: EndingOptions): void {
    this.#end(ending(name, options), name);
  }

  /** `<failure reason/>` instead of success. */
  refuse(reason: string): void {
    this.#end(refusal(reason), `refused-${reason}`);
  }

  /** The server is going away: no flush, no farewell. */
  destroy(): void {
    this.#socket.terminate();
  }

  #receive(data: Buffer): void {
    if (this.#over) return;
    try {
      this.#reader.push(data);
      for (let next = this.#reader.next(); next && !this.#over; next = this.#reader.next())
        this.#handle(next);
    } catch (error) {
      this.#world.ledger.protocolError(error);
      // Before the transport exists there is nothing that a client would understand.
      if (this.#transport) this.close(error instanceof ProtocolError ? 'not-well-formed' : 'internal');
      else this.#end({ socket: 'destroy' }, 'protocol-error');
    }
  }

  #handle(data: Buffer): void {
    if (this.#transport) handleStanza(this.#world, this, decode(this.#transport.open(data)));
    else this.#shakeHands(data);
  }

  #shakeHands(data: Buffer): void {
    const header = this.#reader.header;
    if (!header) throw new ProtocolError('a frame before the header');
    this.#handshake ??= new Handshake(this.#world.trust, header);
    if (!this.#greeted) {
      this.#greeted = true;
      const { hello, client } = this.#handshake.hello(data);
      this.#out.push(() => this.#write(hello));
      if (client) this.#begin(client);
      return;
    }
    this.#begin(this.#handshake.finish(data));
  }

  /** The client proved who it is: from here on frames are stanzas. */
  #begin(client: Authenticated): void {
    this.#handshake = undefined;
    this.#transport = client.transport;
    this.#reader.trust();
    // Baileys switches to the transport keys only after its own send resolved (protocol.md 2).
    setImmediate(() => {
      if (this.#over) return;
      try {
        authenticate(this.#world, this, client);
      } catch (error) {
        this.#world.ledger.protocolError(error);
        this.refuse('400');
      }
    });
  }

  #write(payload: Uint8Array): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(frame(payload));
  }

  #end(how: Ending, name: string): void {
    if (this.#over) return;
    if (how.stanza) this.send(how.stanza);
    if (how.socket === 'close')
      this.#out.push(() => setTimeout(() => this.#socket.close(), how.stanza ? FLUSH_MS : 0));
    else if (how.socket === 'destroy') this.#out.push(() => this.#socket.terminate());
    this.#finish(name);
  }

  #finish(name: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#in.clear();
    this.#world.desk.forget(this);
    const device = this.device;
    if (device?.connection === this) {
      device.connection = undefined;
      device.available = false;
      device.lastClose = name;
      device.mailbox.detach();
      this.#world.events.tell({ kind: 'close', jid: deviceJid(device), close: name });
      this.#world.changed();
    }
    for (const run of this.#ended) run();
    this.#ended.clear();
  }
}
