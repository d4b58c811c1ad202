import {
  albumOf,
  type FileInput,
  type InAlbum,
  type Shown,
  shownOf,
  streamOf,
} from '../sending/media-content.ts';
import { send } from '../sending/sending.ts';

interface Video extends FileInput, Shown, InAlbum {
  readonly to: string;
  readonly caption?: string;
  /** It plays again and again by itself, without sound. */
  readonly gif?: boolean;
}

/** A film. */
export const sendVideo = send({
  name: 'send-video',
  compose: (input: Video) => ({
    video: streamOf(input),
    mimetype: input.mimetype,
    ...(input.caption !== undefined && { caption: input.caption }),
    ...(input.gif && { gifPlayback: true }),
    ...shownOf(input),
    ...albumOf(input),
  }),
});
