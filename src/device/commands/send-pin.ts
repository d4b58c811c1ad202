import { proto } from '@whiskeysockets/baileys';
import { keyNamed } from '../sending/message-key.ts';
import { send } from '../sending/sending.ts';

interface Pin {
  readonly to: string;
  readonly message: string;
  /** Seconds; absent to unpin. */
  readonly time?: 86_400 | 604_800 | 2_592_000;
}

const { PIN_FOR_ALL, UNPIN_FOR_ALL } = proto.PinInChat.Type;

/** Pins a message for everybody in the chat, or unpins it. */
export const sendPin = send({
  name: 'send-pin',
  compose: async ({ to, message, time }: Pin, where) => ({
    pin: await keyNamed(where, to, message),
    type: time === undefined ? UNPIN_FOR_ALL : PIN_FOR_ALL,
    ...(time !== undefined && { time }),
  }),
});
