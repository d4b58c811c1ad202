import { send } from '../sending/sending.ts';

interface Status {
  readonly text: string;
  /** 0xAARRGGBB. */
  readonly background: number;
  readonly font: number;
}

const WHITE = 0xff_ff_ff_ff;

/** A status of text (WAProto, ExtendedTextMessage). */
export const sendStatus = send({
  name: 'send-status',
  compose: ({ text, background, font }: Status) => ({
    raw: { extendedTextMessage: { text, backgroundArgb: background, textArgb: WHITE, font } },
  }),
});
