// One client's socket: bytes to frames, frames through the handshake and then to stanzas, strictly in order.
// Whatever goes wrong in here ends this connection and nothing else.
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { type Device, deviceJid } from '../accounts/accounts.ts';
import { forgetOldest } from '../bounded.ts';
import { passesIn, passesOut } from '../faults/gate.ts';
import { presented } from '../faults/handshaking.ts';
import type { Effect, Wire } from '../faults/kind.ts';
import type { ProtocolFault } from '../ledger/protocol-fault.ts';
import { authenticate } from '../linking/login.ts';
import type { Registration } from '../linking/pairing-desk.ts';
import { handleStanza } from '../stanzas/dispatch.ts';
import type { World } from '../world.ts';
import { badFrame } from './bad-frames.ts';
import { type CloseName, type Ending, type EndingOptions, ending, refusal } from './closes.ts';
import { DelayLine } from './delay-line.ts';
import { encodeShared } from './encode.ts';
import { FrameReader, frame } from './frames.ts';
import { type Authenticated, Handshake } from './handshake.ts';
import { FloodGuard } from './limits.ts';
import { Outlet } from './outlet.ts';
import { type BinaryNode, decode, encode, node, ProtocolError, SERVER } from './stanza.ts';
import type { Transport } from './transport.ts';

// The last stanza must be read before the close frame is (protocol.md 15).
const FLUSH_MS = 30;

export class Connection implements Wire {
  readonly world: World;
  readonly #socket: WebSocket;
  readonly #reader = new FrameReader();
  readonly #in: DelayLine;
  readonly #out: Outlet;
  readonly #flood: FloodGuard;
  #handshake: Handshake | undefined;
  #transport: Transport | undefined;
  #greeted = false;
  #over = false;
  #patience: NodeJS.Timeout;
  readonly #answers = new Map<string, (answer: BinaryNode) => void>();
  readonly #ended = new Set<(name: string) => void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #effects: Set<Effect> | undefined;
  #jid = '';

  /** Set after a login. */
  device: Device | undefined;
  /** Set while the client waits to be linked. */
  registration: Registration | undefined;
  /** Set while a pairing by code waits for the companion's last step. */
  codeFinish: ((finish: BinaryNode) => void) | undefined;

  /** `raw` is what `socket` was made of. */
  constructor(world: World, socket: WebSocket, raw: Duplex) {
    this.world = world;
    this.#socket = socket;
    const { faults, limits } = world;
    this.#in = new DelayLine(() => faults.delay('in', this.device));
    const delay = () => faults.delay('out', this.device);
    this.#out = new Outlet(socket, raw, limits, delay, () => this.#cutOff());
    this.#flood = new FloodGuard(limits.framesPerSecond);
    this.#patience = setTimeout(() => this.#giveUp('handshake-timeout'), limits.handshakeMs);
    world.connections.add(this);
    socket.on('message', (data: Buffer) => this.#arrive(data));
    socket.on('close', () => this.#gone());
    // 'close' follows. What ws says of a client is that it broke the rules of WebSockets, or that the network did.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code?.startsWith('WS_ERR')) world.ledger.protocolError('websocket', error);
    });
  }

  /** The connection has ended, whatever its socket still does. */
  get over(): boolean {
    return this.#over;
  }

  send(stanza: BinaryNode): void {
    if (this.#over || !this.#transport) return;
    if (stanza.tag === 'message' && this.#jid) this.world.ledger.handed(stanza, this.#jid);
    if (this.#effects) for (const effect of this.#effects) if (effect(stanza)) return;
    const { armed } = this.world.faults;
    if (armed && this.device && passesOut(armed, this, stanza)) return;
    this.transmit(stanza);
  }

  transmit(stanza: BinaryNode, gapMs?: number): void {
    const transport = this.#transport;
    if (this.#over || !transport) return;
    this.#out.push(() => {
      try {
        this.#out.write(transport.sealFrame(encodeShared(stanza)));
      } catch (error) {
        // A stanza that cannot be written: made by the server from what another client sent. It costs this connection.
        this.world.ledger.protocolError('internal', error);
        this.destroy('internal');
      }
    }, gapMs);
  }

  writeRaw(bytes: () => Uint8Array): void {
    if (!this.#over) this.#out.push(() => this.#out.write(bytes()));
  }

  seal(stanza: BinaryNode): Buffer {
    return this.#transport ? this.#transport.seal(encode(stanza)) : Buffer.alloc(32);
  }

  addEffect(effect: Effect): void {
    this.#effects ??= new Set();
    this.#effects.add(effect);
  }

  dropEffect(effect: Effect): void {
    this.#effects?.delete(effect);
    if (this.#effects?.size === 0) this.#effects = undefined;
  }

  later(ms: number, run: () => void): void {
    if (this.#over) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }

  /** Sends an iq of the server's own and hands its answer to `answered`. */
  ask(iq: BinaryNode, answered: (answer: BinaryNode) => void): void {
    this.#answers.set(iq.attrs.id ?? '', answered);
    forgetOldest(this.#answers, this.world.limits.pendingAnswers);
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

  /** Runs once when the connection ends; `name` says how. */
  onEnd(run: (name: string) => void): void {
    this.#ended.add(run);
  }

  offEnd(run: (name: string) => void): void {
    this.#ended.delete(run);
  }

  /** The client proved who it is, or what it wants; from here on it may be quiet for longer. */
  admit(device?: Device): void {
    this.device = device;
    this.#jid = device ? deviceJid(device) : '';
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#giveUp('idle'), this.world.limits.idleMs);
  }

  close(name: CloseName, options?: EndingOptions): void {
    this.#end(ending(name, options), name);
  }

  /** `<failure reason/>` instead of success. */
  refuse(reason: string, attrs?: Record<string, string | undefined>): void {
    this.#end(refusal(reason, attrs), `refused-${reason}`);
  }

  /** The server is going away, or was never there: no flush, no farewell. */
  destroy(name = 'server-stopped'): void {
    this.#socket.terminate();
    this.#finish(name);
  }

  #arrive(data: Buffer): void {
    if (this.#over) return;
    this.#patience.refresh();
    if (this.#in.size > this.world.limits.waitingChunks) this.#flooded();
    // What this client is told because of `data` goes out as one, however many stanzas it is.
    else this.#in.push(() => this.#out.together(() => this.#receive(data)));
  }

  #receive(data: Buffer): void {
    if (this.#over) return;
    // Says which kind of nonsense it was, for the ledger.
    let step: ProtocolFault = 'frame';
    try {
      this.#reader.push(data);
      for (let next = this.#reader.next(); next && !this.#over; next = this.#reader.next()) {
        if (this.#flood.count()) {
          this.#flooded();
          return;
        }
        step = this.#transport ? 'authentication' : 'handshake';
        if (this.#transport) {
          const plain = this.#transport.open(next);
          step = 'encoding';
          const stanza = decode(plain);
          step = 'stanza';
          this.#take(stanza);
        } else this.#shakeHands(next);
        step = 'frame';
      }
    } catch (error) {
      const own = error instanceof ProtocolError;
      this.world.ledger.protocolError(own ? step : 'internal', error);
      // Before the transport exists there is nothing that a client would understand.
      if (this.#transport) this.close(own ? 'xml-not-well-formed' : 'internal');
      else this.#end({ socket: 'destroy' }, 'protocol-error');
    }
  }

  #take(stanza: BinaryNode): void {
    const { armed } = this.world.faults;
    if (armed && this.device && passesIn(armed, this, stanza)) return;
    handleStanza(this.world, this, stanza);
  }

  #shakeHands(data: Buffer): void {
    const header = this.#reader.header;
    if (!header) throw new ProtocolError('a frame before the header');
    if (!this.#greeted) {
      this.#greeted = true;
      this.#greet(header, data);
    } else if (this.#handshake) this.#begin(this.#handshake.finish(data));
  }

  #greet(header: Buffer, clientHello: Buffer): void {
    const identity = presented(this.world);
    if ('socket' in identity) {
      const { hello, socket, name } = identity;
      if (hello) this.writeRaw(() => frame(hello));
      this.#end({ socket }, name);
      return;
    }
    this.#handshake = new Handshake(identity, header);
    const { hello, client } = this.#handshake.hello(clientHello);
    this.writeRaw(() => frame(hello));
    if (client) this.#begin(client);
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
        authenticate(this.world, this, client);
      } catch (error) {
        this.world.ledger.protocolError(error instanceof ProtocolError ? 'login' : 'internal', error);
        this.refuse('400');
      }
    });
  }

  #cutOff(): void {
    if (this.#over) return;
    this.world.ledger.protocolError('backlog', new Error('the client does not read'));
    this.destroy('backlog');
  }

  #flooded(): void {
    this.world.ledger.protocolError('flood', new Error('too many frames'));
    if (this.#transport) this.close('policy-violation');
    else this.#end({ socket: 'destroy' }, 'flood');
  }

  #giveUp(why: 'handshake-timeout' | 'idle'): void {
    if (this.#over) return;
    this.world.ledger.protocolError(why, new Error('the client was silent'));
    if (this.#transport) this.close('connection-timeout');
    else this.#end({ socket: 'destroy' }, why);
  }

  #end(how: Ending, name: string): void {
    if (this.#over) return;
    if (how.stanza) this.transmit(how.stanza);
    if (how.frame) {
      const spoilt = how.frame;
      this.writeRaw(() => badFrame(spoilt, () => this.seal(node('ib', { from: SERVER }))));
    }
    const said = how.stanza !== undefined || how.frame !== undefined;
    const socket = this.#socket;
    if (how.socket === 'mute') {
      this.#out.mute();
      return;
    }
    if (how.socket === 'close') this.#out.push(() => setTimeout(() => socket.close(), said ? FLUSH_MS : 0));
    else if (how.socket === 'destroy' && said)
      this.#out.push(() => setTimeout(() => socket.terminate(), FLUSH_MS));
    else if (how.socket === 'destroy') this.#out.push(() => socket.terminate());
    this.#finish(name);
  }

  /** The socket is closed, by whichever side. */
  #gone(): void {
    this.#finish('client');
    this.#out.clear();
    this.world.connections.delete(this);
  }

  #finish(name: string): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#patience);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#answers.clear();
    this.#effects = undefined;
    this.#in.clear();
    for (const run of this.#ended) run(name);
    this.#ended.clear();
  }
}
