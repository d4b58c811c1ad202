import type { proto } from '@whiskeysockets/baileys';

/** One chat as history tells it. */
export interface PastChat {
  /** Everything but the messages. */
  readonly conversation: proto.IConversation;
  /** How many messages there are. */
  readonly count: number;
  /** All of them, newest first. Made when asked for: a phone may have more than fit in memory. */
  readonly messages: () => proto.IWebMessageInfo[];
}
