import { send } from '../sending/sending.ts';

interface Link {
  readonly text: string;
  readonly link: string;
  readonly title?: string;
  readonly description?: string;
}

/** A text with a link in it, and the preview that the caller describes. Nothing is fetched. */
export const sendLink = send({
  name: 'send-link',
  compose: ({ text, link, title, description }: Link) => ({
    text,
    linkPreview:
      title === undefined
        ? null
        : {
            'canonical-url': link,
            'matched-text': link,
            title,
            ...(description !== undefined && { description }),
          },
  }),
});
