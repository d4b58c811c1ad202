import { type FileInput, streamOf } from '../sending/media-content.ts';
import { send } from '../sending/sending.ts';

/** A sticker: a WebP of 512 pixels. */
export const sendSticker = send({
  name: 'send-sticker',
  compose: (input: FileInput & { readonly animated: boolean }) => ({
    sticker: streamOf(input),
    mimetype: input.mimetype,
    isAnimated: input.animated,
    width: 512,
    height: 512,
  }),
});
