// The conversation between this station and its process: jobs down, outcomes up. Nothing here has behaviour.

/** A file that ffmpeg reads: what reads it is told, so that a file cannot choose a reader that opens other files. */
export interface Source {
  readonly from: string;
  readonly demuxer: string;
}

/** Paths are of files of ours; `to` is written. Edges are pixels. */
export type Job =
  /** Sizes and a thumbnail, and with `to` the picture as a JPEG of at most `edge` pixels. */
  | { readonly do: 'picture'; readonly from: string; readonly to?: string; readonly edge?: number }
  | { readonly do: 'square'; readonly from: string; readonly to: string; readonly edge: number }
  /** A sticker of a picture, moving or not. */
  | { readonly do: 'sticker'; readonly from: string; readonly to: string }
  /** A moving sticker of a film. */
  | ({ readonly do: 'film-sticker'; readonly to: string } & Source)
  /** Sizes, length and a thumbnail. */
  | ({ readonly do: 'film' } & Source)
  /** The film as MP4 (H.264, AAC), of at most `edge` pixels. */
  | ({
      readonly do: 'film-convert';
      readonly to: string;
      readonly edge: number;
      readonly crf: number;
    } & Source)
  /** Length and loudness, and with `to` the sound in that form. */
  | ({ readonly do: 'sound'; readonly to?: string; readonly form?: 'opus' | 'aac' } & Source);

/** What a job found out. */
export interface Looked {
  readonly width?: number;
  readonly height?: number;
  readonly seconds?: number;
  /** JPEG. */
  readonly thumbnail?: Uint8Array;
  /** 64 values from 0 to 100. */
  readonly waveform?: Uint8Array;
  readonly animated?: boolean;
}

export interface ToWorker {
  readonly id: number;
  readonly job: Job;
}

export type FromWorker =
  | { readonly id: number; readonly ok: true; readonly looked: Looked }
  | {
      readonly id: number;
      readonly ok: false;
      readonly why: 'unreadable' | 'no-ffmpeg';
      readonly detail: string;
    };
