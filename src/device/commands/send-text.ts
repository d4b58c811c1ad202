import { send } from '../sending.ts';

/** A text. */
export const sendText = send({
  name: 'send-text',
  compose: ({ text }: { readonly text: string }) => ({
    text,
    // Previews make Baileys fetch any URL of the text: a request from our network that a stranger chose.
    linkPreview: null,
  }),
});
