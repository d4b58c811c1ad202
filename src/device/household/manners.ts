/** What a device does by itself, as its settings say: reads, answers, rejects calls, is online. */
import {
  type BaileysEventMap,
  isLidUser,
  isPnUser,
  normalizeMessageContent,
  proto,
  type WACallEvent,
  type WAMessage,
  type WAMessageKey,
  type WAMessageUpdate,
} from '@whiskeysockets/baileys';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { monotonic } from '../../lib/deadline.ts';
import { messageIdFrom } from '../../lib/message-id.ts';
import type { Command } from '../../shard/protocol.ts';
import type { Call } from '../chats/hearing.ts';
import { bare, party } from '../jid.ts';
import type { Connection } from '../line/connection.ts';
import type { DeviceSettings, Settings } from './settings.ts';

/** Two who answer each other by themselves would never end. */
const ANSWERED_AGAIN_AFTER = 60_000;
/** Chats and calls that are remembered for it. */
const KEPT = 256;
/** As long as a caller of the API would wait. */
const SAID_WITHIN = 45_000;
/** A call that waited for us is over. */
const CALL_LIVES_MS = 60_000;

export interface MannersOptions {
  readonly settings: Settings;
  readonly connection: () => Connection | undefined;
  readonly run: (command: Command, deadline: number) => Promise<unknown>;
  readonly log: Logger;
}

export class Manners {
  readonly #options: MannersOptions;
  readonly #answered = new LRUCache<string, true>({ max: KEPT, ttl: ANSWERED_AGAIN_AFTER });
  readonly #rejected = new LRUCache<string, true>({ max: KEPT });

  constructor(options: MannersOptions) {
    this.#options = options;
    options.settings.changed = before => this.#changed(before);
  }

  /** WhatsApp serves the device. */
  opened({ socket }: Connection): void {
    if (this.#options.settings.current.alwaysOnline) this.#attempt(socket.sendPresenceUpdate('available'));
  }

  /** Whether others see the device as online; said again with whatever else a presence says. */
  get presence(): 'available' | 'unavailable' {
    return this.#options.settings.current.alwaysOnline ? 'available' : 'unavailable';
  }

  /** Does what is due upon these events, and gives back those that say something else now. */
  heard(events: Partial<BaileysEventMap>, connection: Connection): Partial<BaileysEventMap> {
    const messages = events['messages.upsert']?.messages ?? [];
    const read = messages.length > 0 ? this.#received(messages, connection) : [];
    for (const call of events.call ?? []) this.#called(call, connection);
    const calls: Call[] | undefined = events.call?.map(call => ({
      ...call,
      autoRejected: this.rejects(call.id),
    }));
    return {
      ...(calls && { call: calls }),
      ...(read.length > 0 && { 'messages.update': [...(events['messages.update'] ?? []), ...read] }),
    };
  }

  /** Whether the device has rejected this call by itself. */
  rejects(call: unknown): boolean {
    return typeof call === 'string' && this.#rejected.has(call);
  }

  #changed(before: DeviceSettings): void {
    const connection = this.#options.connection();
    if (!connection?.open || before.alwaysOnline === this.#options.settings.current.alwaysOnline) return;
    this.#attempt(connection.socket.sendPresenceUpdate(this.presence));
  }

  /** What was read, as Baileys would tell it of another device. */
  #received(messages: readonly WAMessage[], { socket }: Connection): WAMessageUpdate[] {
    const { autoRead, autoReply } = this.#options.settings.current;
    if (!autoRead && autoReply === '') return [];
    const incoming = messages.filter(message => this.#isSaidToUs(message)).map(({ key }) => key);
    if (autoReply !== '') for (const key of incoming) this.#answer(key, autoReply);
    if (!autoRead || incoming.length === 0) return [];
    this.#attempt(socket.readMessages(incoming));
    return incoming.map(key => ({ key, update: { status: proto.WebMessageInfo.Status.READ } }));
  }

  /** Somebody else's message that could be read, in a chat that is not ignored. */
  #isSaidToUs({ key, message }: WAMessage): boolean {
    const chat = key.remoteJid ?? '';
    const content = normalizeMessageContent(message);
    if (key.fromMe || !key.id || !content || !/@(?:s\.whatsapp\.net|lid|g\.us)$/.test(chat)) return false;
    if (content.protocolMessage || content.reactionMessage || content.pollUpdateMessage) return false;
    return Object.keys(content).some(part => !SILENT.has(part)) && !this.#options.settings.ignoresChat(chat);
  }

  /** gowa's WHATSAPP_AUTO_REPLY: in chats of two, never to a group. */
  #answer(key: WAMessageKey, text: string): void {
    const { remoteJid, remoteJidAlt, id } = key;
    if (!isPnUser(remoteJid ?? '') && !isLidUser(remoteJid ?? '')) return;
    const { shown: to } = party(remoteJid, remoteJidAlt);
    if (this.#answered.has(to)) return;
    this.#answered.set(to, true);
    this.#say(`reply ${to} ${id}`, to, text);
  }

  #called({ id, from, callerPn, status, date, offline, isGroup }: WACallEvent, { socket }: Connection): void {
    const { rejectCalls, rejectCallsMessage } = this.#options.settings.current;
    if (!rejectCalls || status !== 'offer' || this.#rejected.has(id)) return;
    if (offline && Date.now() - date.getTime() > CALL_LIVES_MS) return;
    this.#rejected.set(id, true);
    this.#attempt(socket.rejectCall(id, from));
    if (rejectCallsMessage === '' || isGroup) return;
    const to = bare(callerPn ?? from);
    this.#say(`rejected ${to} ${id}`, to, rejectCallsMessage);
  }

  /** Under an id that is made from the cause: one that is found again after a crash is not answered twice. */
  #say(cause: string, to: string, text: string): void {
    const input = { id: messageIdFrom(cause), to, text };
    this.#attempt(this.#options.run({ do: 'send-text', input, again: true }, monotonic() + SAID_WITHIN));
  }

  /** Nobody waits for it: what fails is in the log, and not done again. */
  #attempt(work: Promise<unknown>): void {
    work.catch((err: unknown) =>
      this.#options.log.warn({ err }, 'the device could not do what it is set up to do'),
    );
  }
}

/** Parts of a message that say nothing to a person. */
const SILENT = new Set(['senderKeyDistributionMessage', 'messageContextInfo']);
