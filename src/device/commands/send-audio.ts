import { type FileInput, streamOf } from '../sending/media-content.ts';
import { send } from '../sending/sending.ts';

interface Audio extends FileInput {
  /** It is shown as a voice note, with its waveform. */
  readonly voice: boolean;
  readonly seconds?: number;
  readonly waveform?: Uint8Array;
}

/** A sound, or a voice note. */
export const sendAudio = send({
  name: 'send-audio',
  compose: (input: Audio) => ({
    audio: streamOf(input),
    mimetype: input.mimetype,
    ptt: input.voice,
    // Of undefined Baileys looks for them, for which it copies the file and decodes all of it.
    seconds: (input.seconds ?? null) as number,
    waveform: (input.waveform ?? null) as Uint8Array,
  }),
});
