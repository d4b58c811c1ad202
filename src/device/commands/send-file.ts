import { type FileInput, streamOf } from '../sending/media-content.ts';
import { send } from '../sending/sending.ts';

/** A document. */
export const sendFile = send({
  name: 'send-file',
  compose: (input: FileInput & { readonly fileName: string; readonly caption?: string }) => ({
    document: streamOf(input),
    mimetype: input.mimetype,
    fileName: input.fileName,
    ...(input.caption !== undefined && { caption: input.caption }),
  }),
});
