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
  /** All that was written so far. */
  readonly bytes: number;
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

/** `deviceNo`: for whom it is fetched; each device waits for itself. */
export interface FetchLimit extends FileLimit {
  readonly deviceNo: number;
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

/** A picture as WhatsApp takes it. Without what could not be found out. */
export interface Picture extends StoredFile {
  readonly mimetype: string;
  readonly width?: number;
  readonly height?: number;
  /** JPEG. */
  readonly thumbnail?: Uint8Array;
}

export interface Film extends Picture {
  readonly seconds?: number;
}

export interface Sound extends StoredFile {
  readonly mimetype: string;
  readonly seconds?: number;
  /** 64 values from 0 to 100. */
  readonly waveform?: Uint8Array;
}

/** A WebP of 512 pixels. */
export interface Sticker extends StoredFile {
  readonly animated: boolean;
}

/** A file that was downloaded, and how it is shown. */
export interface Linked {
  readonly deviceNo: number;
  /** Of the file in the device's folder. */
  readonly name: string;
  readonly mimetype: string;
  readonly filename: string;
}

/**
 * What is made of a file fails with UNSUPPORTED_MEDIA_TYPE when the file is of another kind (by its bytes), with
 * MEDIA_UNREADABLE or FFMPEG_MISSING when it cannot be sent without being converted and that fails, with MEDIA_BUSY.
 * `field` names it in the failure.
 */
export interface MediaPort {
  readonly limits: MediaLimits;
  /** What does not work here, in sentences; it keeps nobody from the rest. */
  notes(): Promise<readonly string[]>;
  batch(): Batch;
  /** A file by its URL. Fails with URL_FORBIDDEN, URL_FAILED, URL_BUSY, PAYLOAD_TOO_LARGE, STORE_FULL or SHUTTING_DOWN. */
  fetch(url: string, into: Batch, limit: FetchLimit): Promise<Upload>;
  /** Cut to a square JPEG, for profiles and groups. */
  square(file: Upload, into: Batch, about: { field: string; edge: number }): Promise<StoredFile>;
  picture(
    file: Upload,
    into: Batch,
    about: { field: string; compress: boolean; hd: boolean },
  ): Promise<Picture>;
  /** `gif`: it may be a GIF, which is made a film. */
  film(
    file: Upload,
    into: Batch,
    about: { field: string; compress: boolean; hd: boolean; gif?: boolean },
  ): Promise<Film>;
  sound(file: Upload, into: Batch, about: { field: string; voice: boolean }): Promise<Sound>;
  sticker(file: Upload, into: Batch, about: { field: string }): Promise<Sticker>;
  /** The type of a document, by its bytes; undefined where they do not tell. */
  typeOf(file: Upload): Promise<string | undefined>;
  /** Where files of a device are kept that were downloaded; by the device's number. */
  folderOf(deviceNo: number): string;
  /** Removes the files of a device that is no more. */
  forget(deviceNo: number): Promise<void>;
  /** The most that is kept of all of them, in bytes. */
  readonly keptBytes: number;
  /** A token for a URL, good for some minutes. */
  link(to: Linked): string;
  /** What a token leads to; undefined when it is not one of ours or its time is over. */
  linked(token: string): Linked | undefined;
}
