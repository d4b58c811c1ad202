import { albumOf, type FileInput, type InAlbum, type Shown, shownOf, streamOf } from '../media-content.ts';
import { send } from '../sending.ts';

/** A picture. */
export const sendImage = send({
  name: 'send-image',
  compose: (input: FileInput & Shown & InAlbum & { readonly caption?: string; readonly to: string }) => ({
    image: streamOf(input),
    mimetype: input.mimetype,
    ...(input.caption !== undefined && { caption: input.caption }),
    ...shownOf(input),
    ...albumOf(input),
  }),
});
