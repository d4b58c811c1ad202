/** Messages that a request names by their id: what is known of them, and under which key others find them. */
import {
  isJidGroup,
  isJidStatusBroadcast,
  isLidUser,
  jidNormalizedUser,
  type proto,
  type WAMessage,
  type WAMessageKey,
} from '@whiskeysockets/baileys';
import { Failure } from '../../errors.ts';
import type { DeviceParts } from '../asking/command.ts';
import type { Connection } from '../line/connection.ts';

/** A message that the device has seen or sent, named as people in its chat name it. */
export interface Named {
  readonly key: WAMessageKey;
  readonly message: proto.IMessage;
  /** Unix seconds, where it is known. */
  readonly at?: number;
}

/** Where a command does its work: the open connection, and what else of the device it may use. */
export interface Where {
  readonly connection: Connection;
  readonly on: DeviceParts;
}

/** Our own account, without a device: its LID where people are named by theirs, its number elsewhere. */
export function ownJid({ socket, groups }: Connection, chat = ''): string {
  const { me } = socket.authState.creds;
  // Baileys takes a group for one of LIDs unless it says otherwise (Socket/messages-send.js, relayMessage).
  const byLid = isJidGroup(chat) ? groups.peek(chat)?.addressingMode !== 'pn' : isLidUser(chat);
  return jidNormalizedUser((byLid && me?.lid) || me?.id);
}

/** What is known of a message of a chat. */
export async function messageNamed({ on }: Where, chat: string, id: string): Promise<Named | undefined> {
  const said = await on.said.message(chat, id);
  return said && named(said, chat);
}

/** The same of one that may be in any chat. Fails with MESSAGE_NOT_FOUND. */
export async function messageAnywhere({ on }: Where, id: string): Promise<Named> {
  const said = await on.said.anywhere(id);
  const found = said && named(said, said.key.remoteJid ?? '');
  if (!found) throw unknownMessage(id);
  return found;
}

/** With the chat in the form of the request: what is said about the message goes there. */
function named({ key, message, messageTimestamp }: WAMessage, chat: string): Named | undefined {
  if (!message) return undefined;
  const { id, fromMe, participant } = key;
  return {
    key: {
      remoteJid: chat,
      id: id ?? '',
      fromMe: fromMe === true,
      ...(participant && !fromMe && { participant }),
    },
    message,
    ...(messageTimestamp && { at: Number(messageTimestamp) }),
  };
}

/** Fails with MESSAGE_NOT_FOUND. */
export async function knownMessage(where: Where, chat: string, id: string): Promise<Named> {
  const found = await messageNamed(where, chat, id);
  if (found) return found;
  throw unknownMessage(id);
}

/**
 * The key of a message, made up as gowa does where nothing is known of it: what has an id as short as those of WhatsApp
 * Web is taken for our own. Of one in a group it takes its author. Fails with MESSAGE_NOT_FOUND.
 */
export async function keyNamed(where: Where, chat: string, id: string): Promise<WAMessageKey> {
  const found = await messageNamed(where, chat, id);
  if (found) return found.key;
  const fromMe = id.length <= 22;
  if (isShared(chat) && !fromMe) throw unknownMessage(id);
  return { remoteJid: chat, id, fromMe };
}

/** Whether it takes an author to name a message: several people write there. */
export function isShared(chat: string): boolean {
  return isJidGroup(chat) === true || isJidStatusBroadcast(chat) === true;
}

/** Who wrote it, in the form of its chat. */
export function authorOf(connection: Connection, { remoteJid, fromMe, participant }: WAMessageKey): string {
  const chat = remoteJid ?? '';
  return fromMe ? ownJid(connection, chat) : jidNormalizedUser(participant ?? chat);
}

/** The failure of a request about a message that nobody knows. */
export function unknownMessage(id: string): Failure {
  return new Failure('MESSAGE_NOT_FOUND', undefined, { results: { message_id: id } });
}
