import {
  albumOf,
  type FileInput,
  type InAlbum,
  type Shown,
  shownOf,
  streamOf,
} from '../sending/media-content.ts';
import { send } from '../sending/sending.ts';

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
