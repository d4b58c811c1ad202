import { mentionedIn } from '../sending/mentioned.ts';
import { send } from '../sending/sending.ts';

/** A text. Who is named in it by @ and digits is mentioned, as gowa has it. */
export const sendText = send({
  name: 'send-text',
  compose: async ({ text, to }: { readonly text: string; readonly to: string }, { connection }) => ({
    text,
    // Previews make Baileys fetch any URL of the text: a request from our network that a stranger chose.
    linkPreview: null,
    mentions: await mentionedIn(connection, to, text),
  }),
});
