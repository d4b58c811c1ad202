// The conversation between this station and its process: jobs down, outcomes up. Nothing here has behaviour.

/** Paths are of files of ours; `to` is written. Edges are pixels, times seconds. */
export type Job =
  /** Sizes and a thumbnail, and with `to` the picture as a JPEG of at most `edge` pixels. */
  | { readonly do: 'picture'; readonly from: string; readonly to?: string; readonly edge?: number }
  | { readonly do: 'square'; readonly from: string; readonly to: string; readonly edge: number };

/** What a job found out of a picture. */
export interface Looked {
  readonly width?: number;
  readonly height?: number;
  readonly seconds?: number;
  /** JPEG. */
  readonly thumbnail?: Uint8Array;
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
