/**
 * A device's messages on their way out. Each is durable before anything of it is on the wire, and it stays queued under
 * its one WhatsApp id until WhatsApp's server has acknowledged it, refused it, or its time is over: a lost connection, a
 * dead thread or a dead process only means another attempt. A receiver who gets two copies of one id shows one.
 */
import { deserialize, serialize } from 'node:v8';
import { isJidGroup, proto } from '@whiskeysockets/baileys';
import type { Logger } from 'pino';
import { Failure } from '../../errors.ts';
import { within } from '../../lib/deadline.ts';
import { type Deferred, deferred } from '../../lib/deferred.ts';
import { failpoint } from '../../lib/failpoint.ts';
import { SealBroken } from '../../lib/seal.ts';
import type { Seat, Sent } from '../../shard/protocol.ts';
import { reachStore, type Sql } from '../../store/database.ts';
import { Fenced } from '../../store/fence.ts';
import { isStorable } from '../../store/names.ts';
import { readOutgoing, readOutgoingMessage, unacknowledged } from '../../store/outgoing.ts';
import { places } from '../../store/places.ts';
import { whatsappFailure } from '../asking/whatsapp-failure.ts';
import type { Events } from '../chats/hearing.ts';
import type { Caches } from '../line/caches.ts';
import type { Acknowledgement, Connection } from '../line/connection.ts';
import type { Facts } from '../receiving/facts.ts';
import type { DeviceKeys } from '../signal/keys.ts';
import { fromStatus } from '../translate/state.ts';
import { assertReachable, type Composed } from './sending.ts';

/** WhatsApp's answer to a first message that it does not let through: no privacy token, or new chats restricted. */
const REACHOUT_TIMELOCK = 463;
/** WhatsApp answers in well under a second; a connection on which it does not is of no use. */
const ACKNOWLEDGED_WITHIN = 20_000;
/** After so many attempts that WhatsApp did not acknowledge it is not the connection. */
const ATTEMPTS = 5;
/** The next attempt on a line that stands, after a failure that may pass; after each further one four times as long. */
const AGAIN_MS = 2_000;
const EXPIRED = 'not sent within a day';

const QUEUED =
  'WhatsApp has not acknowledged the message yet. It stays queued under its id and is sent as soon as that is possible: do not send it again, ask for its status.';

export interface OutgoingOptions {
  readonly sql: Sql;
  readonly seat: Seat;
  readonly caches: Caches;
  readonly facts: Facts;
  /** The keys as they are now; they are made anew after a failure of the store. */
  readonly keys: () => DeviceKeys;
  readonly log: Logger;
}

/** A message that is on the wire, or about to be. */
interface Attempt {
  readonly chat: string;
  readonly message: proto.IMessage;
  readonly connection: Connection;
  late?: NodeJS.Timeout;
}

/** A message to send. `composed` is asked for once, when it is known that there is somebody to send it to. */
export interface ToSend {
  readonly id: string;
  readonly to: string;
  /** It was given to a thread that died: how far it came is in the store. */
  readonly again: boolean;
  composed(): Promise<Composed>;
}

interface Relay {
  readonly id: string;
  readonly chat: string;
  readonly composed: Composed;
  /** That there is somebody to send it to was seen on this connection. */
  readonly reachable?: boolean;
}

export class Outgoing {
  readonly #options: OutgoingOptions;
  /** Callers that wait for WhatsApp's word. */
  readonly #waiting = new Map<string, Deferred<Acknowledgement>>();
  readonly #attempts = new Map<string, Attempt>();
  /** Durable, or about to be, and in the lane: not for `resume`. */
  readonly #given = new Set<string>();
  /** The last connection on which what was queued by then was sent. */
  #latest: Connection | undefined;
  #again: NodeJS.Timeout | undefined;
  #failures = 0;
  #lane: Promise<void> = Promise.resolve();

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  /** Messages that are on the wire and not acknowledged. */
  get unacknowledged(): number {
    return this.#attempts.size;
  }

  /**
   * Sends a message under its id and resolves when WhatsApp's server has acknowledged it. Given again after the death of
   * a thread it is the same message. `deadline` is of `monotonic`. Fails with INVALID_JID (no such account) or
   * DEVICE_NOT_CONNECTED (nothing will be sent), STORE_UNAVAILABLE (nothing was sent; it may be later where the sentence
   * says so), MESSAGE_REFUSED or WA_REACHOUT_TIMELOCK (WhatsApp said no), or GATEWAY_TIMEOUT (it is queued, and will be
   * sent).
   */
  async send(
    connection: Connection,
    { id, to, again, composed: compose }: ToSend,
    deadline: number,
  ): Promise<Sent> {
    const { keys, sql, seat } = this.#options;
    const acknowledged = this.#waiting.get(id) ?? deferred<Acknowledgement>();
    this.#waiting.set(id, acknowledged);
    acknowledged.promise.catch(() => {}); // its caller may have failed before it waits
    try {
      // An ack that came before anybody waited for it may not be in the row yet, and does not come again.
      if (again) await within(this.#options.facts.stored(), deadline, () => new Failure('GATEWAY_TIMEOUT'));
      const earlier = again ? await reachStore(() => readOutgoing(sql, seat.no, id)) : undefined;
      if (earlier?.state === 'failed') throw refused(id, earlier.reason ?? 'it failed');
      if (earlier && earlier.state !== 'queued' && earlier.state !== 'sent')
        return { messageId: id, at: earlier.stateAt.getTime() };
      if (!earlier) {
        const composed = await assertReachable(connection, to)
          .then(compose)
          .catch(cause => {
            throw this.#unsent(connection, cause);
          });
        await failpoint('send.before_row');
        this.#given.add(id);
        await keys()
          .queue({ id, chat: to, message: pack(composed) })
          .catch(cause => {
            this.#given.delete(id);
            throw this.#unsent(connection, cause);
          });
        await failpoint('send.after_row');
        this.#relay(connection, { id, chat: to, composed, reachable: true });
      } else if (!this.#attempts.has(id)) this.resume(connection);
      const { at, error } = await within(
        acknowledged.promise,
        deadline,
        () => new Failure('GATEWAY_TIMEOUT', QUEUED, { results: { message_id: id, status: 'queued' } }),
      );
      await failpoint('send.after_ack');
      if (error === undefined) return { messageId: id, at };
      const results = { message_id: id, error };
      if (error === REACHOUT_TIMELOCK) throw new Failure('WA_REACHOUT_TIMELOCK', undefined, { results });
      throw new Failure('MESSAGE_REFUSED', `WhatsApp refused the message with error ${error}.`, { results });
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Sends what WhatsApp has not acknowledged, the oldest first; new messages come after it. */
  resume(connection: Connection): void {
    this.#enqueue(() => this.#sendWaiting(connection));
  }

  /** WhatsApp's server has answered. */
  acknowledged(id: string, ack: Acknowledgement): void {
    const attempt = this.#attempts.get(id);
    if (!attempt) return;
    clearTimeout(attempt.late);
    this.#attempts.delete(id);
    const { facts } = this.#options;
    const reason = ack.error === undefined ? undefined : `WhatsApp refused it with error ${ack.error}`;
    const state = reason === undefined ? 'server_ack' : 'failed';
    if (reason === undefined) facts.heard(saidByUs(id, attempt, ack.at));
    facts.step({ id, state, reason });
    const caller = this.#waiting.get(id);
    if (caller) caller.resolve(ack);
    else facts.add([fromStatus(id, attempt.chat, state, reason, ack.at)]);
  }

  /** The connection is over: what it did not bring to an end is for the next one. */
  interrupted(connection: Connection): void {
    if (this.#latest === connection) this.#latest = undefined;
    for (const [id, attempt] of this.#attempts) {
      if (attempt.connection !== connection) continue;
      clearTimeout(attempt.late);
      this.#attempts.delete(id);
    }
  }

  /** The device is let go: whoever runs it next sends what is queued, and callers here wait for nothing. */
  letGo(): void {
    for (const [id, caller] of this.#waiting) {
      const results = { message_id: id, status: 'queued' };
      caller.reject(new Failure('GATEWAY_TIMEOUT', QUEUED, { results }));
    }
  }

  /** What WhatsApp has not acknowledged will never be sent. */
  async abandon(reason: string): Promise<void> {
    const { sql, seat } = this.#options;
    for (const { id, chat } of await unacknowledged(sql, seat.no))
      this.#failed(id, chat, `the device was unlinked: ${reason}`);
  }

  /** A message that was sent, for a peer that could not decrypt it; undefined when it is too old. */
  async sent(id: string): Promise<proto.IMessage | undefined> {
    const { sql, seat, caches } = this.#options;
    const known = caches.sent.get(`${seat.no}/${id}`);
    if (known) return known;
    if (!isStorable(id)) return undefined;
    // Whoever asks is answered once: with a store that is away he asks again over the next connection.
    const row = await this.#options.keys().reading(() => readOutgoingMessage(sql, seat.no, id));
    return row && this.#opened(id, row.message)?.message;
  }

  /** A message of ours with its chat and, of a status post, whom it was for; undefined when it is too old. */
  async own(id: string): Promise<(Composed & { readonly chat: string }) | undefined> {
    const { sql, seat } = this.#options;
    const row = await reachStore(() => readOutgoingMessage(sql, seat.no, id));
    const opened = row && this.#opened(id, row.message);
    return opened && { ...opened, chat: row.chat };
  }

  /** A message as it was stored; undefined when its row was changed or moved. */
  #opened(id: string, row: Buffer): Composed | undefined {
    const { seat, keys, log } = this.#options;
    try {
      return unpack(keys().seal.open(places.outgoing(seat.no, id), row));
    } catch (err) {
      if (!(err instanceof SealBroken)) throw err;
      log.error('a stored message does not open; it cannot be sent');
      return undefined;
    }
  }

  async #sendWaiting(connection: Connection): Promise<void> {
    const { sql, seat, log, facts } = this.#options;
    if (!connection.open) return;
    this.#latest = connection;
    // What is acknowledged may not be so in its row yet.
    await facts.stored();
    const rows = await this.#options.keys().reading(() => unacknowledged(sql, seat.no));
    await this.#distrust(rows.map(({ chat }) => chat));
    for (const { id, chat, message, tries, expired } of rows) {
      if (!connection.open) return;
      if (this.#given.has(id) || this.#attempts.get(id)?.connection === connection) continue;
      if (expired || tries >= ATTEMPTS) {
        this.#failed(id, chat, expired ? EXPIRED : 'WhatsApp did not acknowledge it');
        continue;
      }
      log.info({ tries }, 'a message is sent again');
      const opened = this.#opened(id, message);
      if (opened) await this.#attempt(connection, { id, chat, composed: opened });
      else this.#failed(id, chat, 'it does not open any more');
    }
  }

  #relay(connection: Connection, relay: Relay): void {
    this.#enqueue(() => {
      this.#given.delete(relay.id);
      if (connection.open || !this.#latest?.open) return this.#attempt(connection, relay);
      // While it was made (a file may take long) the next connection has come, and has passed it over.
      return this.#sendWaiting(this.#latest);
    });
  }

  #enqueue(work: () => Promise<void>): void {
    this.#lane = this.#lane
      .then(work)
      .catch((err: unknown) => this.#options.log.warn({ err }, 'messages wait for the next connection'));
  }

  async #attempt(connection: Connection, { id, chat, composed, reachable }: Relay): Promise<void> {
    const { seat, caches, facts } = this.#options;
    if (!connection.open) return;
    const { message, attributes, nodes, recipients } = composed;
    const attempt: Attempt = { chat, message, connection };
    this.#attempts.set(id, attempt);
    caches.sent.set(`${seat.no}/${id}`, message);
    connection.awaits(id);
    try {
      if (!reachable) await assertReachable(connection, chat, recipients);
      await connection.socket.relayMessage(chat, message, {
        messageId: id,
        ...(attributes && { additionalAttributes: { ...attributes } }),
        ...(nodes && { additionalNodes: [...nodes] }),
        ...(recipients && { statusJidList: [...recipients] }),
      });
    } catch (cause) {
      connection.awaits(id, false);
      if (this.#attempts.get(id) === attempt) this.#attempts.delete(id);
      if (!connection.open || connection.storeFailure) throw cause;
      // The line stands, so nothing of it was written: it is the message, or whom it is for, unless WhatsApp is in trouble.
      await this.#distrust([chat]);
      if (mayPass(cause)) return this.#later(connection, id, cause);
      this.#failed(id, chat, 'it could not be sent', cause);
      return;
    }
    this.#failures = 0;
    await failpoint('send.after_wire');
    // It may be acknowledged, or the connection over, by now.
    if (this.#attempts.get(id) !== attempt) return;
    facts.step({ id, state: 'sent', tried: true });
    attempt.late = setTimeout(
      () => connection.giveUp('WhatsApp does not acknowledge what we send'),
      ACKNOWLEDGED_WITHIN,
    );
  }

  /**
   * Baileys notes who has the key of a group when the message that brings it has been written, not when WhatsApp has it
   * (Socket/messages-send.js, "sender-key-memory"). Of one that was lost on its way nobody has the key: the next message
   * brings it to everybody.
   */
  async #distrust(chats: readonly string[]): Promise<void> {
    const groups = [...new Set(chats)].filter(chat => isJidGroup(chat));
    if (groups.length === 0) return;
    await this.#options.keys().set({
      'sender-key-memory': Object.fromEntries(groups.map(group => [group, null])),
    });
  }

  /** It stays queued and is tried again, on this connection or the next. */
  #later(connection: Connection, id: string, cause: unknown): void {
    const { facts, log } = this.#options;
    log.warn({ err: cause }, 'a message could not be sent now');
    facts.step({ id, state: 'queued', tried: true });
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.resume(connection), AGAIN_MS * 4 ** this.#failures++);
    this.#again.unref();
  }

  #failed(id: string, chat: string, reason: string, cause?: unknown): void {
    const { facts, log } = this.#options;
    log.warn({ err: cause, reason }, 'a message has failed');
    facts.step({ id, state: 'failed', reason });
    const caller = this.#waiting.get(id);
    if (caller) caller.reject(refused(id, reason, cause));
    else facts.add([fromStatus(id, chat, 'failed', reason, Date.now())]);
  }

  /** Why a message that is not queued could not be sent. */
  #unsent(connection: Connection, cause: unknown): Failure {
    const { failure } = this.#options.keys();
    if ((failure ?? cause) instanceof Fenced)
      return new Failure('DEVICE_STOPPED', 'Another node has taken this device over.', { cause });
    if (failure instanceof Failure) return failure;
    if (failure) return new Failure('STORE_UNAVAILABLE', undefined, { cause });
    if (cause instanceof Failure) return cause;
    // An answer that is a no: a group that is not there, or that the account is not in.
    if (connection.open && isRefusal(cause)) return whatsappFailure(cause, connection);
    const why = connection.open ? 'WhatsApp did not answer' : 'the connection to WhatsApp failed';
    return new Failure('DEVICE_NOT_CONNECTED', `Nothing was sent: ${why} while it was being prepared.`, {
      cause,
    });
  }
}

/**
 * WhatsApp did not answer, has too much to do or is broken, as far as one can tell: Baileys gives the code of an answered
 * error as `data` and makes up a status of 500 (WABinary/generic-utils.ts, assertNodeErrorFree).
 */
function mayPass(cause: unknown): boolean {
  if (cause instanceof Failure) return cause.code === 'DEVICE_NOT_CONNECTED';
  const { data, output } = cause as { data?: unknown; output?: { statusCode?: number } };
  const code = typeof data === 'number' ? data : output?.statusCode;
  return code !== undefined && (code === 408 || code === 429 || code >= 500);
}

/** WhatsApp has answered with an error: one that will be the same the next time, or that it was asked too much. */
function isRefusal(cause: unknown): boolean {
  const { data } = cause as { data?: unknown };
  return typeof data === 'number' && (data === 429 || !mayPass(cause));
}

/** Nobody else tells us of it: to Baileys it is an echo. */
function saidByUs(id: string, { chat, message }: Attempt, at: number): Events {
  const key = { remoteJid: chat, fromMe: true, id };
  const status = proto.WebMessageInfo.Status.SERVER_ACK;
  const said = { key, message, messageTimestamp: Math.floor(at / 1000), status };
  return { 'messages.upsert': { messages: [said], type: 'append' } };
}

function refused(id: string, reason: string, cause?: unknown): Failure {
  return new Failure('MESSAGE_REFUSED', `The message was not sent: ${reason}.`, {
    cause,
    results: { message_id: id },
  });
}

/** A message as a row. */
function pack({ message, ...besides }: Composed): Buffer {
  return serialize({ ...besides, message: Buffer.from(proto.Message.encode(message).finish()) });
}

function unpack(row: Buffer): Composed {
  const { message, ...besides } = deserialize(row) as Omit<Composed, 'message'> & { message: Buffer };
  return { ...besides, message: proto.Message.decode(message) };
}
