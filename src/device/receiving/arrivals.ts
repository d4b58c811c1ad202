/**
 * The way of every stanza that WhatsApp wants receipted: into the inbox, to Baileys, out of the inbox. We stand between
 * the socket and Baileys' handlers, with one lane per kind of stanza.
 *
 * Stock, messages overtake each other. What waited for us (`offline`) has a queue of its own, which live messages pass:
 * of 50 that came behind 150, 46 came before them. And each message looks its sender up before it takes its turn, and in
 * a chat that is new stores it, which the next one need not. Here they come one after the other, as the server sent them.
 * After the end of the connection none is begun: no receipt could leave, and it comes again.
 *
 * A stanza that fails while the line and the store are sound would fail again however often it came, and keep back what
 * comes after it: it is moved aside, told as `event.unparsed`, and acknowledged.
 */
import type { BinaryNode, WASocket } from '@whiskeysockets/baileys';
import type { Logger } from 'pino';
import type { Vitals } from '../health/vitals.ts';
import { renewing } from '../signal/renewal.ts';
import type { Arrival, Inbox } from './inbox.ts';
import type { Unread } from './unread.ts';

type Handler = (node: BinaryNode) => Promise<void>;

/** The kinds that Baileys acknowledges (Socket/messages-recv.ts). */
const kinds = ['message', 'receipt', 'notification', 'call'] as const;

export interface ArrivalsOptions {
  readonly socket: WASocket;
  readonly inbox: Inbox;
  readonly unread: Unread;
  readonly vitals: Vitals;
  /** Who we are; undefined before the device is linked. */
  readonly me: () => { id: string; lid?: string } | undefined;
  /** Baileys is through with it and the connection stood until then: all facts of it have been given out. */
  readonly handled: (arrival: Arrival) => void | Promise<void>;
  /** Neither Baileys nor we can do anything with it, although nothing else is wrong: it would fail again. */
  readonly poisonous: (arrival: Arrival, failure: Error) => Promise<void>;
  readonly log: Logger;
}

export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #handlers = new Map<string, Handler[]>();
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #underWay = new Set<Arrival>();
  #closed = false;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
    const { ws } = options.socket;
    for (const kind of kinds) {
      this.#handlers.set(kind, ws.listeners(`CB:${kind}`) as Handler[]);
      ws.removeAllListeners(`CB:${kind}`);
      ws.on(`CB:${kind}`, (node: BinaryNode) => this.#arrive(node));
    }
  }

  /** Gives left-over stanzas to Baileys before anything that comes from now on. They are in the inbox. */
  replay(arrivals: readonly Arrival[]): void {
    for (const arrival of arrivals) this.#enter(arrival, undefined);
  }

  /** Baileys has told the message of this id. */
  told(id: string): void {
    for (const arrival of this.#underWay) if (arrival.node.attrs.id === id) arrival.told = true;
  }

  /** What was told could not be made events of: the message of this id, or else whatever is under way beside messages. */
  spoiled(id: string | undefined, failure: Error): void {
    for (const arrival of this.#underWay) {
      const { tag, attrs } = arrival.node;
      if (id === undefined ? tag !== 'message' : attrs.id === id) arrival.spoiled ??= failure;
    }
  }

  /** Begins nothing more and resolves when what was begun is through. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#lanes.values());
  }

  #arrive(node: BinaryNode): void {
    const { inbox } = this.#options;
    const arrival = inbox.arrival(node);
    const durable = arrival.ciphertexts.size > 0 ? undefined : inbox.admit(arrival);
    durable?.catch(() => {}); // the lane hears of it
    this.#enter(arrival, durable);
  }

  #enter(arrival: Arrival, durable: Promise<void> | undefined): void {
    const { tag } = arrival.node;
    const through = this.#options.vitals.arrived();
    const lane = this.#lanes.get(tag) ?? Promise.resolve();
    const next = lane
      .then(async () => {
        await durable;
        await this.#handle(arrival);
      })
      .catch((err: unknown) => this.#options.log.error({ err, kind: tag }, 'a stanza could not be handled'))
      .finally(through);
    this.#lanes.set(tag, next);
  }

  async #handle(arrival: Arrival): Promise<void> {
    const { socket, unread, me, handled, poisonous } = this.#options;
    if (this.#closed || !socket.ws.isOpen) return;
    const { node } = arrival;
    this.#underWay.add(arrival);
    try {
      if (node.tag === 'message') await unread.handling(node, me());
      const handle = async () => {
        for (const handler of this.#handlers.get(node.tag) ?? []) await handler(node);
      };
      await (node.tag === 'message' ? handle() : renewing(handle));
      socket.ev.flush();
    } catch (error) {
      // A line that is cut, and a store that fails (it cuts the line first), are no fault of the stanza.
      if (!socket.ws.isOpen) throw error;
      arrival.spoiled ??= error instanceof Error ? error : new Error(String(error));
      await this.#acknowledge(node);
    } finally {
      if (node.tag === 'message') unread.handled();
      this.#underWay.delete(arrival);
    }
    if (!socket.ws.isOpen) return;
    if (!arrival.spoiled) await handled(arrival);
    if (arrival.spoiled) await poisonous(arrival, arrival.spoiled);
  }

  /** Baileys did not come to it (Utils/stanza-ack.ts has the form). Without an id or a sender there is nothing to say. */
  async #acknowledge({ tag, attrs: { id, from, type, participant, recipient } }: BinaryNode): Promise<void> {
    if (!id || !from) return;
    const optional = {
      ...(type && tag !== 'message' && { type }),
      ...(participant && { participant }),
      ...(recipient && { recipient }),
    };
    await this.#options.socket
      .sendNode({ tag: 'ack', attrs: { id, to: from, class: tag, ...optional } })
      .catch((err: unknown) => this.#options.log.warn({ err }, 'a stanza could not be acknowledged'));
  }
}
