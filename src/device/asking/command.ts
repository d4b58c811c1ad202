/**
 * What a command is: one file in `commands/`, named as the command. `command` runs on a device in whatever state it is,
 * `ask` on its open connection, `send` (sending.ts) makes a message that is kept until WhatsApp has it.
 */
import type { BaileysEventMap, WAMessage } from '@whiskeysockets/baileys';
import type { Logger } from 'pino';
import type { Dispatcher } from 'undici';
import type { Draft } from '../../journal/event.ts';
import { within } from '../../lib/deadline.ts';
import type { Care } from '../health/care.ts';
import type { Household } from '../household/household.ts';
import type { Connection } from '../line/connection.ts';
import type { Outgoing } from '../sending/outgoing.ts';
import type { Identity } from '../signal/identity.ts';
import type { Input, State } from '../state.ts';
import type { Waiters } from '../waiters.ts';
import { noAnswer, whatsappFailure } from './whatsapp-failure.ts';

/** What was said in the device's chats, as far as the store has it. */
export interface Said {
  /** A message with its key and content; undefined when it is not (any more) in the store. `chat` is a JID in any form. */
  message(chat: string, id: string): Promise<WAMessage | undefined>;
  /** The same, in whichever chat it is. */
  anywhere(id: string): Promise<WAMessage | undefined>;
  /** JIDs of the people whom the account has saved under a name. */
  addressBook(): Promise<string[]>;
  /** The newest message of a chat, which changes of a chat must name (Types/Chat.ts, lastMessages). */
  last(chat: string): Promise<WAMessage | undefined>;
  /** The oldest that is kept of a chat, before which the phone may know more. */
  oldest(chat: string): Promise<WAMessage | undefined>;
  /**
   * What we ourselves have changed, as Baileys would have told it of another device: it tells nothing of our own changes
   * (`emitOwnEvents` is off), so that a command which pins, archives, clears or deletes says so here.
   */
  heard(events: Partial<BaileysEventMap>): void;
}

/** What of a device commands may use. */
export interface DeviceParts {
  state(): State;
  connection(): Connection | undefined;
  /** The open connection, waited for until the deadline. Fails with the reason why there is none. */
  open(deadline: number): Promise<Connection>;
  apply(input: Input): void;
  readonly waiters: Waiters;
  readonly identity: Identity;
  readonly care: Care;
  readonly outgoing: Outgoing;
  /** What is to be an event, of which WhatsApp itself tells nothing. */
  tell(facts: readonly Draft[]): void;
  readonly said: Said;
  /** The connections to WhatsApp's media hosts, by the device's proxy where it has one. */
  media(): Dispatcher;
  readonly household: Household;
  readonly log: Logger;
}

/** One call of a command. */
export interface Call {
  /** Of `monotonic`. */
  readonly deadline: number;
  /** It was given to a thread that died with it: nobody knows how far it came. */
  readonly again: boolean;
}

/** A command's file exports one of these; the name is the file's. */
export interface CommandFile<Name extends string = string, Input = never, Answer = unknown> {
  readonly name: Name;
  /** Doing it twice is not the same as doing it once: it is not given to a second thread when the first one dies. */
  readonly once?: boolean;
  run(input: Input, on: DeviceParts, call: Call): Promise<Answer>;
}

/** A command that runs in whatever state the device is. Fails with a `Failure`. */
export function command<const Name extends string, Input, Answer>(
  file: CommandFile<Name, Input, Answer>,
): CommandFile<Name, Input, Answer> {
  return file;
}

/**
 * A command that needs nothing but an open connection. Whatever Baileys throws becomes a Failure (whatsapp-failure.ts).
 */
export function ask<const Name extends string, Input, Answer>({
  run,
  ...file
}: {
  readonly name: Name;
  readonly once?: boolean;
  run(input: Input, connection: Connection, on: DeviceParts): Promise<Answer>;
}): CommandFile<Name, Input, Answer> {
  return {
    ...file,
    async run(input, on, { deadline }) {
      const connection = await on.open(deadline);
      try {
        return await within(run(input, connection, on), deadline, noAnswer);
      } catch (cause) {
        throw whatsappFailure(cause, connection);
      }
    },
  };
}
