/** Sounds, by ffmpeg: voice notes as WhatsApp's apps make them, how long a sound is, and how loud where. */
import type { Looked, Source } from '../jobs.ts';
import { ffmpeg } from './ffmpeg.ts';

const forms = {
  /** A voice note: mono Opus in Ogg. */
  opus: ['-c:a', 'libopus', '-b:a', '32k', '-ac', '1', '-ar', '48000', '-application', 'voip', '-f', 'ogg'],
  aac: ['-c:a', 'aac', '-b:a', '128k', '-movflags', '+faststart', '-f', 'ipod'],
} as const;

/** Length and waveform of a sound; with `to` the sound in another form as well. Fails as `ffmpeg` does. */
export async function sound(
  program: string,
  source: Source,
  to?: string,
  form: keyof typeof forms = 'aac',
): Promise<Looked> {
  if (to !== undefined)
    await ffmpeg({
      ffmpeg: program,
      source,
      after: ['-map', '0:a:0', '-vn', '-map_metadata', '-1', ...forms[form], to],
    });
  const loudness = new Loudness();
  await ffmpeg({
    ffmpeg: program,
    source: to === undefined ? source : { from: to, demuxer: form === 'opus' ? 'ogg' : 'mov' },
    after: ['-map', '0:a:0', '-vn', '-ac', '1', '-ar', String(RATE), '-f', 's16le', 'pipe:1'],
    heard: bytes => loudness.add(bytes),
  });
  return { seconds: loudness.seconds, waveform: loudness.waveform() };
}

const RATE = 8000;
/** Samples that are one number until the end, when it is known how many there are: 20 ms. */
const PIECE = 160;
const BARS = 64;

/** Samples come in, 16 bits each; how loud the parts were comes out. */
export class Loudness {
  readonly #pieces: number[] = [];
  #sum = 0;
  #count = 0;
  #samples = 0;
  #odd: number | undefined;

  add(bytes: Buffer): void {
    let at = 0;
    if (this.#odd !== undefined && bytes.length > 0) {
      this.#sample(Buffer.of(this.#odd, bytes[0]!).readInt16LE());
      this.#odd = undefined;
      at = 1;
    }
    for (; at + 1 < bytes.length; at += 2) this.#sample(bytes.readInt16LE(at));
    if (at < bytes.length) this.#odd = bytes[at];
  }

  /** Begun ones count: nobody sees a note of 0 s. */
  get seconds(): number {
    return Math.ceil(this.#samples / RATE);
  }

  /** 64 bars from 0 to 100, the loudest of them 100; a phone draws them. */
  waveform(): Uint8Array {
    const pieces = this.#count > 0 ? [...this.#pieces, this.#sum / this.#count] : this.#pieces;
    const bars = Array.from({ length: BARS }, (_, bar) => {
      const part = pieces.slice(
        Math.floor((bar * pieces.length) / BARS),
        Math.max(
          Math.floor((bar * pieces.length) / BARS) + 1,
          Math.floor(((bar + 1) * pieces.length) / BARS),
        ),
      );
      return part.reduce((sum, value) => sum + value, 0) / Math.max(1, part.length);
    });
    const loudest = Math.max(...bars);
    return Uint8Array.from(bars, bar => (loudest > 0 ? Math.round((bar / loudest) * 100) : 0));
  }

  #sample(value: number): void {
    this.#samples++;
    this.#sum += Math.abs(value);
    if (++this.#count < PIECE) return;
    this.#pieces.push(this.#sum / PIECE);
    this.#sum = 0;
    this.#count = 0;
  }
}
