import { type FileInput, type Shown, shownOf, streamOf } from '../sending/media-content.ts';
import { send } from '../sending/sending.ts';

/** A round film that plays in the chat. */
export const sendVideoNote = send({
  name: 'send-video-note',
  compose: (input: FileInput & Shown) => ({
    video: streamOf(input),
    ptv: true,
    mimetype: input.mimetype,
    ...shownOf(input),
  }),
});
