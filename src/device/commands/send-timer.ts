import { send } from '../sending/sending.ts';

/** The timer of the messages of a chat of two, in seconds; 0 is off. In a group it is a setting (`group-setting`). */
export const sendTimer = send({
  name: 'send-timer',
  compose: ({ seconds }: { readonly seconds: number }) => ({ disappearingMessagesInChat: seconds }),
});
