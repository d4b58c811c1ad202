// gowa's /ws: what happens to devices, told to whoever listens. Each message is {code, message, result}.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { Failure } from '../errors.ts';
import { type SeatLimits, Seats } from '../lib/seats.ts';
import { TokenBuckets } from '../lib/token-buckets.ts';
import type { Devices, DeviceView } from '../supervisor/devices.ts';
import { toAppDevice, toGowaDevice } from './device-shape.ts';
import type { Reading } from './following.ts';
import { carryEvents } from './live-events.ts';

/** gowa's codes, but for those of passkeys, which there are none of here. */
type Code = 'LOGIN_SUCCESS' | 'DEVICE_LOGGED_OUT' | 'DEVICE_WEBHOOK_CONFIG_UPDATED' | 'LIST_DEVICES';

/** Which devices a listener may know of. */
export type Sees = (device: string) => boolean;
/** The same as it is now; undefined once the listener would not be let in any more. */
export type Standing = () => Sees | undefined;

/** Who was let in. */
export interface Guest {
  readonly standing: Standing;
  /** Whose share of the listeners it is of; undefined: nobody's. */
  readonly by: string | undefined;
  /** What it reads of the journal beside what it hears. */
  readonly reading: Reading | undefined;
}

interface Listener {
  readonly standing: Standing;
  alive: boolean;
}

/** Clients say `{"code":"FETCH_DEVICES"}` and nothing else. */
const LONGEST_MESSAGE = 64 * 1024;
/** Messages a minute of one listener: its requests are counted nowhere else. */
const MOST_MESSAGES = 120;
/** Bytes that may wait for one listener; one that does not read loses its connection, not our memory. */
const MOST_WAITING = 1024 * 1024;
/** Listeners of one node, and of one key there, unless the settings say otherwise. */
const LIMITS: SeatLimits = { most: 1_000, each: 100 };
/** Milliseconds between pings; a listener that answered none is gone. */
const PING_EVERY = 30_000;
/** Milliseconds between looks whether listeners may still listen: a key that has ended counts for less than five seconds. */
const LOOK_EVERY = 2_000;
const GOING_AWAY = 1001;
const NOT_ALLOWED = 1008;
const TRY_AGAIN_LATER = 1013;

/** Those who listen at /ws, and what they are told; each hears of the devices that its key is for, and of no others. */
export class Live {
  readonly #devices: () => Devices;
  readonly #seats: Seats;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: LONGEST_MESSAGE,
    clientTracking: false,
  });
  readonly #listeners = new Map<WebSocket, Listener>();
  /** Whether each device was linked when it was last heard of. */
  readonly #linked = new Map<string, boolean>();
  readonly #said = new TokenBuckets(MOST_MESSAGES);
  #number = 0;
  #pings: NodeJS.Timeout | undefined;
  #looks: NodeJS.Timeout | undefined;

  /** `devices` is asked when somebody listens; it may not be there yet when this is made. */
  constructor(devices: () => Devices, limits: SeatLimits = LIMITS) {
    this.#devices = devices;
    this.#seats = new Seats(limits);
  }

  /** Fails with STREAMS_FULL, or TOO_MANY_STREAMS, where there is no room for another listener of this one. */
  room(by: string | undefined): void {
    const full = this.#seats.full(by);
    if (full) throw new Failure(full === 'all' ? 'STREAMS_FULL' : 'TOO_MANY_STREAMS');
  }

  /** Completes the handshake of a request that was judged already. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, guest: Guest): void {
    this.#server.handleUpgrade(request, socket, head, listener => {
      if (this.#listen(listener, guest) && guest.reading) carryEvents(listener, guest.reading);
    });
  }

  /** A device has moved: those that have been linked, and that are no longer, are told. */
  changed(device: DeviceView): void {
    const before = this.#linked.get(device.id);
    this.#linked.set(device.id, device.linked);
    if (before === undefined) this.#forgetRemoved();
    if (before === undefined || before === device.linked) return;
    if (device.linked)
      this.#tell(device.id, 'LOGIN_SUCCESS', `Successfully pair with ${device.jid ?? ''}`, () => null);
    else
      this.#tell(device.id, 'DEVICE_LOGGED_OUT', `Device ${device.id} logged out (slot kept)`, sees => ({
        device_id: device.id,
        devices: this.#seen(sees).map(toGowaDevice),
      }));
  }

  /** A device's own webhook was set or cleared. */
  webhookChanged(device_id: string): void {
    const message = `Device ${device_id} webhook config updated`;
    this.#tell(device_id, 'DEVICE_WEBHOOK_CONFIG_UPDATED', message, () => ({ device_id }));
  }

  /** Says goodbye to all. */
  close(): void {
    clearInterval(this.#pings);
    clearInterval(this.#looks);
    this.#pings = undefined;
    for (const listener of this.#listeners.keys()) {
      listener.close(GOING_AWAY);
      // The process is going: nobody waits for their goodbye.
      setImmediate(() => listener.terminate());
    }
  }

  /** False when the room that there was is taken by now. */
  #listen(listener: WebSocket, { standing, by }: Guest): boolean {
    listener.on('error', () => listener.terminate());
    if (this.#seats.full(by)) {
      listener.close(TRY_AGAIN_LATER);
      return false;
    }
    const leave = this.#seats.take(by);
    const about: Listener = { standing, alive: true };
    const name = String(this.#number++);
    this.#listeners.set(listener, about);
    this.#pings ??= setInterval(() => this.#ping(), PING_EVERY).unref();
    this.#looks ??= setInterval(() => this.#look(), LOOK_EVERY).unref();
    listener.on('pong', () => {
      about.alive = true;
    });
    listener.on('message', (data, binary) => {
      if (!this.#said.take(name)) {
        listener.close(NOT_ALLOWED);
        return;
      }
      const sees = !binary && codeOf(data) === 'FETCH_DEVICES' && standing();
      if (sees) this.#send(listener, 'LIST_DEVICES', 'Device found', this.#seen(sees).map(toAppDevice));
    });
    listener.on('close', () => {
      leave();
      this.#listeners.delete(listener);
    });
    return true;
  }

  /** Nobody says when a device is removed: looked up when another is new, and not each time. */
  #forgetRemoved(): void {
    const devices = this.#devices();
    if (this.#linked.size < 2 * devices.list().length + 100) return;
    for (const id of this.#linked.keys()) if (!devices.find(id)) this.#linked.delete(id);
  }

  #seen(sees: Sees): DeviceView[] {
    return this.#devices()
      .list()
      .filter(({ id }) => sees(id));
  }

  #tell(device: string, code: Code, message: string, result: (sees: Sees) => unknown): void {
    for (const [listener, { standing }] of this.#listeners) {
      const sees = standing();
      if (sees?.(device)) this.#send(listener, code, message, result(sees));
    }
  }

  #send(listener: WebSocket, code: Code, message: string, result: unknown): void {
    if (listener.readyState !== WebSocket.OPEN) return;
    if (listener.bufferedAmount > MOST_WAITING) listener.terminate();
    else listener.send(JSON.stringify({ code, message, result }));
  }

  #ping(): void {
    for (const [listener, about] of this.#listeners)
      if (about.alive) {
        about.alive = false;
        listener.ping();
      } else listener.terminate();
  }

  #look(): void {
    for (const [listener, { standing }] of this.#listeners) if (!standing()) listener.close(NOT_ALLOWED);
  }
}

function codeOf(data: RawData): unknown {
  try {
    return (JSON.parse(String(data)) as { code?: unknown } | null)?.code;
  } catch {
    return undefined; // not ours to understand, and nothing follows from it
  }
}
