// The phone's own messages, as history needs them.
import type { proto } from '@whiskeysockets/baileys';
import type { Phone } from '../phone/phone.ts';

/** A message that really went over the wire. */
export interface Logged {
  readonly id: string;
  readonly chat: string;
  /** JID of the device that sent it, number form. */
  readonly from: string;
  readonly fromMe: boolean;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly content: proto.IMessage;
}

/** In the order in which they came. What was kept before contents were is told by its text. */
export function logOf(phone: Phone): Logged[] {
  return phone.chats.list.map(message => ({
    ...message,
    content: phone.chats.protoOf(message) ?? { conversation: message.text },
  }));
}
