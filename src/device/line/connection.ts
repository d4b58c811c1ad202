/**
 * One socket's life, from `makeWASocket` to its end. Baileys tells what happens in a dozen ways; here it becomes a few
 * calls on `Listener`, in order, and never another one after `closed`.
 */
import {
  type BaileysEventMap,
  type BinaryNode,
  proto,
  type WAMessageKey,
  type WASocket,
} from '@whiskeysockets/baileys';
import { failpointNow } from '../../lib/failpoint.ts';
import type { Pairing } from '../../shard/protocol.ts';
import type { Blamed } from '../blame.ts';
import type { Vitals } from '../health/vitals.ts';
import { Arrivals } from '../receiving/arrivals.ts';
import type { Arrival } from '../receiving/inbox.ts';
import { isUnread } from '../receiving/unread-rules.ts';
import type { DeviceKeys } from '../signal/keys.ts';
import { fromAction } from '../translate/app-state.ts';
import { selfOf, type Told } from '../translate/envelope.ts';
import { fromEvents } from '../translate/events.ts';
import { fromMessages } from '../translate/messages.ts';
import { fromChatState, fromPresence } from '../translate/people.ts';
import { timeOf } from '../translate/read.ts';
import { fromPairing } from '../translate/state.ts';
import { hearInTheNameOf } from './frames.ts';
import { Groups } from './groups.ts';
import { Ping } from './ping.ts';
import { openSocket, type SocketOptions } from './socket.ts';
import type { Close } from './verdict.ts';

/**
 * Longest wait for the first QR or for the login. Baileys has a limit for the handshake only: an HTTP error on the
 * upgrade hangs it for ever (observed with rc14; Socket/Client/websocket.ts listens to `unexpected-response`).
 */
const CONNECT_WITHIN = 45_000;
/** WhatsApp's first reference lives 60 s, each further one 20 s (Socket/socket.ts, "genPairQR"). */
const FIRST_QR = 60_000;
const NEXT_QR = 20_000;
/** Baileys waits 30 s for the peer to answer a close frame. */
const CLOSE_WITHIN = 1_000;
const LOGOUT_WITHIN = 5_000;
/** A code can be typed while the references last: 60 s and five times 20 s. */
const CODE_LIVES = 160_000;

export interface Listener {
  offered(pairing: Pairing): void;
  /** The phone has signed us; the credentials must be durable before the next connection. */
  paired(): void;
  opened(): void;
  closed(close: Close): void;
  credentialsChanged(): void;
  /** A ping was answered, after so many milliseconds. */
  ponged(ms: number): void;
  /** What there is to know of chats. Comes before `happened`, and even while the connection ends. */
  heard(events: Partial<BaileysEventMap>): void;
  /** Facts for the journal. Comes even while the connection ends. */
  happened(drafts: Told[]): void;
  /** All facts of a stanza have been given to `happened`, unless Baileys has not told what is in it. */
  handled(arrival: Arrival): void | Promise<void>;
  /** Nothing can be done with a stanza, and it would fail again. */
  poisonous(arrival: Arrival, failure: Error): Promise<void>;
  /** WhatsApp's word on a message that was sent. */
  acknowledged(id: string, ack: Acknowledgement): void;
}

export interface ConnectionOptions extends Omit<SocketOptions, 'groups' | 'synced'> {
  readonly listener: Listener;
  /** Whose connection it is. */
  readonly owner: Blamed;
  readonly vitals: Vitals;
}

/** WhatsApp's word on a message that was sent: its time, or the error it gave. */
export interface Acknowledgement {
  readonly at: number;
  readonly error?: number;
}

export class Connection {
  readonly socket: WASocket;
  readonly groups: Groups;
  readonly #options: ConnectionOptions;
  readonly #arrivals: Arrivals;
  readonly #ping: Ping;
  #over = false;
  #offers = 0;
  #watchdog: NodeJS.Timeout | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.groups = new Groups(() => this.socket);
    this.socket = openSocket({
      ...options,
      groups: this.groups,
      synced: action => this.#tell(() => fromAction(action, Date.now())),
    });
    hearInTheNameOf(this.socket, options.owner, err => {
      options.log.warn({ err }, 'a frame could not be read; the connection is closed');
      this.#end({ message: err.message, reason: 'a frame could not be read' });
    });
    this.#arrivals = new Arrivals({
      socket: this.socket,
      inbox: options.inbox,
      unread: options.unread,
      vitals: options.vitals,
      me: () => options.credentials.me,
      handled: arrival => options.listener.handled(arrival),
      poisonous: (arrival, failure) => options.listener.poisonous(arrival, failure),
      log: options.log,
    });
    this.#ping = new Ping(this.socket, options.vitals, ms => options.listener.ponged(ms));
    this.socket.ws.on('frame', () => options.vitals.heard());
    this.#watchdog = setTimeout(() => this.#end({ code: 408, message: 'no login in time' }), CONNECT_WITHIN);
    this.socket.ev.process(events => this.#process(events));
    // Nothing of it is WhatsApp's word on the device: whatever the status is, it is a passing failure.
    this.socket.ws.on('unexpected-response', (_request: unknown, { statusCode }: { statusCode?: number }) =>
      this.#end({ code: 503, message: `HTTP ${statusCode} instead of a WebSocket` }),
    );
    // Nothing that wants a receipt, and of what Baileys makes of them one cannot tell a pause from a presence.
    this.socket.ws.on('CB:presence', (node: BinaryNode) => this.#tell(() => fromPresence(node, Date.now())));
    this.socket.ws.on('CB:chatstate', (node: BinaryNode) =>
      this.#tell(() => fromChatState(node, Date.now())),
    );
    this.socket.ws.on('CB:ack,class:message', (node: BinaryNode) => this.#acknowledge(node));
  }

  /** Whether the line still stands. */
  get open(): boolean {
    return !this.#over && this.socket.ws.isOpen;
  }

  /** Lets Baileys see stanzas that were left over; to be called when the connection has opened. */
  replay(arrivals: readonly Arrival[]): void {
    this.#arrivals.replay(arrivals);
  }

  /** A message is about to be on the wire, and WhatsApp owes an answer to it; `false` when nothing of it left. */
  awaits(id: string, left = true): void {
    if (this.#over) return;
    if (left) this.#options.vitals.sent(id);
    else this.#options.vitals.unsent(id);
  }

  /** Asks WhatsApp to unlink us; false when it did not answer in time. Fails when the connection ends meanwhile. */
  async unlink(): Promise<boolean> {
    const jid = this.#options.credentials.me?.id;
    if (!jid) return false;
    const answer: unknown = await this.socket.query(
      {
        tag: 'iq',
        attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'md', id: this.socket.generateMessageTag() },
        content: [{ tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } }],
      },
      LOGOUT_WITHIN,
    );
    return answer !== undefined;
  }

  /** Asks our phone to send us a message that we could not decrypt (Socket/messages-recv.ts, requestPlaceholderResend). */
  async askPhone({ remoteJid, fromMe, id, participant }: WAMessageKey): Promise<void> {
    const { PLACEHOLDER_MESSAGE_RESEND } = proto.Message.PeerDataOperationRequestType;
    const messageKey = {
      remoteJid: remoteJid ?? null,
      fromMe: fromMe ?? null,
      id: id ?? null,
      participant: participant ?? null,
    };
    await this.socket.sendPeerDataOperationMessage({
      placeholderMessageResendRequest: [{ messageKey }],
      peerDataOperationRequestType: PLACEHOLDER_MESSAGE_RESEND,
    });
  }

  /** Pings the server if a ping is due. */
  keepAlive(now: number, everyMs: number): void {
    if (!this.#over) this.#ping.due(now, everyMs);
  }

  /** Ends a connection that does not do what it should; the listener hears of it. */
  giveUp(message: string): void {
    this.#end({ code: 408, message });
  }

  /** The keys that it works with. */
  get keys(): DeviceKeys {
    return this.#options.keys;
  }

  /** Why the store has failed under this connection, if it has: nothing that was being sent has left. */
  get storeFailure(): Error | undefined {
    return this.keys.failure;
  }

  /** Closes without a word to the listener. Facts that Baileys still holds are given out first. */
  hangUp(): void {
    if (this.#over) return;
    this.#finish();
    this.#close(undefined);
  }

  /**
   * Closes in good order. A stanza that is being received is finished: stored, receipted and given out; none after it is
   * begun. `last` must make an end of the keys.
   */
  async leave(last: () => Promise<void>): Promise<void> {
    await this.#arrivals.close();
    this.socket.ev.flush();
    this.hangUp();
    await last();
  }

  /** Cuts the line at once, so that nothing that waits to be written leaves. */
  cut(): void {
    transport(this.socket)?.terminate();
  }

  #process(events: Partial<BaileysEventMap>): void {
    const { listener, credentials } = this.#options;
    if (events['creds.update']) listener.credentialsChanged();
    this.groups.changed(events);
    listener.heard(events);

    const messages = events['messages.upsert']?.messages ?? [];
    for (const message of messages) this.#options.vitals.decrypted(isUnread(message));

    const self = selfOf(credentials);
    const drafts = [
      ...messages.flatMap(message =>
        this.#mapped(message.key.id ?? '', () => {
          failpointNow('recv.in_mapping');
          return [...fromMessages([message], self), ...this.#options.unread.tell(message)];
        }),
      ),
      ...this.#mapped(undefined, () => fromEvents(events, self, Date.now())),
    ];
    if (drafts.length > 0) listener.happened(drafts);
    for (const { key } of messages) this.#arrivals.told(key.id ?? '');

    const update = events['connection.update'];
    if (!update || this.#over) return;
    if (update.qr) this.#offer(update.qr);
    if (update.isNewLogin) listener.paired();
    if (update.connection === 'open') {
      clearTimeout(this.#watchdog);
      this.#options.vitals.opened();
      listener.opened();
    }
    if (update.connection === 'close') this.#end(closeOf(update.lastDisconnect?.error));
  }

  #tell(map: () => Told[]): void {
    const drafts = this.#mapped(undefined, map);
    if (drafts.length > 0) this.#options.listener.happened(drafts);
  }

  /** What cannot be made an event of must not keep back what else there is to tell, the end of the connection least of all. */
  #mapped(id: string | undefined, map: () => Told[]): Told[] {
    try {
      return map();
    } catch (error) {
      this.#arrivals.spoiled(id, error instanceof Error ? error : new Error(String(error)));
      return [];
    }
  }

  #offer(qr: string): void {
    clearTimeout(this.#watchdog);
    const { phone } = this.#options;
    const first = this.#offers++ === 0;
    if (phone === '') {
      this.#show({ by: 'qr', qr, until: Date.now() + (first ? FIRST_QR : NEXT_QR) });
    } else if (first) {
      this.socket.requestPairingCode(phone).then(
        code => {
          if (!this.#over) this.#show({ by: 'code', code, until: Date.now() + CODE_LIVES });
        },
        (error: Error) => this.#end({ message: error.message }),
      );
    }
  }

  #show(pairing: Pairing): void {
    const { listener, phone } = this.#options;
    listener.happened([fromPairing(pairing, phone, Date.now())]);
    listener.offered(pairing);
  }

  #acknowledge({ attrs }: BinaryNode): void {
    const error = Number(attrs.error);
    this.#options.vitals.acknowledged(attrs.id ?? '');
    this.#options.listener.acknowledged(attrs.id ?? '', {
      at: timeOf(attrs.t),
      ...(Number.isInteger(error) && error > 0 && { error }),
    });
  }

  #end(close: Close): void {
    if (this.#over) return;
    this.#finish();
    this.#close(new Error(close.message));
    this.#options.listener.closed(close);
  }

  #finish(): void {
    this.#over = true;
    this.#options.vitals.renew();
    clearTimeout(this.#watchdog);
  }

  #close(error: Error | undefined): void {
    const line = transport(this.socket);
    const cut = setTimeout(() => line?.terminate(), CLOSE_WITHIN);
    cut.unref();
    // `end` is asynchronous in rc14 although it is typed as void; it resolves when the WebSocket has closed.
    void Promise.resolve(this.socket.end(error)).finally(() => clearTimeout(cut));
  }
}

/** The WebSocket under Baileys' client, protected in its types: needed to end what does not answer. */
function transport(socket: WASocket): { terminate(): void } | null {
  return (socket.ws as unknown as { socket: { terminate(): void } | null }).socket;
}

/** Baileys gives a Boom with a status code, a plain Error (a broken handshake) or, from a query, a bare number. */
function closeOf(error: Error | undefined): Close {
  const boom = error as
    | (Error & { output?: { statusCode?: number }; data?: { expire?: string } })
    | undefined;
  const code = boom?.output?.statusCode;
  const expires = Number(boom?.data?.expire);
  return {
    message: boom?.message ?? 'closed',
    ...(code !== undefined && { code }),
    ...(Number.isFinite(expires) && expires > 0 && { expires }),
  };
}
