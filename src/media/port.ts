// What the API may ask of this station. `Media` (media.ts) implements it; the API knows nothing else of it.

/** A file of ours on this machine's disk, under a name that nobody else chose. */
export interface StoredFile {
  readonly path: string;
  readonly bytes: number;
}

/** A file that a caller gave, with what was said of it; none of that has been looked into. */
export interface Upload extends StoredFile {
  /** Lower case, with its parameters; empty where nothing was said. */
  readonly mimetype: string;
  /** Cleaned: the last part of a path, without control characters, at most 255 characters. */
  readonly filename?: string;
}

/** The files of one request, all removed by `end`. */
export interface Batch {
  /** Where a further file of it may be written. */
  place(): string;
  /**
   * Writes what comes, counted as it comes. Fails with PAYLOAD_TOO_LARGE (`field` names it) or STORE_FULL, and with what
   * the source throws.
   */
  write(source: AsyncIterable<Uint8Array>, limit: FileLimit): Promise<StoredFile>;
  end(): Promise<void>;
}

export interface FileLimit {
  readonly maxBytes: number;
  readonly field: string;
}

/** The most that a caller may send, in bytes. */
export interface MediaLimits {
  readonly image: number;
  readonly video: number;
  readonly audio: number;
  readonly file: number;
  /** Of whatever is fetched from a URL. */
  readonly url: number;
}

/** A picture as WhatsApp takes it. Without a thumbnail and sizes where it could not be looked into. */
export interface Picture extends StoredFile {
  readonly mimetype: string;
  readonly width?: number;
  readonly height?: number;
  /** JPEG. */
  readonly thumbnail?: Uint8Array;
}

export interface MediaPort {
  readonly limits: MediaLimits;
  batch(): Batch;
  /** A picture cut to a square JPEG, for profiles and groups. Fails with UNSUPPORTED_MEDIA_TYPE or MEDIA_UNREADABLE. */
  square(file: Upload, into: Batch, about: { field: string; edge: number }): Promise<StoredFile>;
}
