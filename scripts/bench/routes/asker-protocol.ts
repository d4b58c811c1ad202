// What the bench and its caller say to each other over IPC.

export interface PlainRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** In base64. */
  readonly body?: string;
}

export interface Ask {
  readonly id: number;
  readonly origin: string;
  readonly request: PlainRequest;
  readonly times: number;
}

export type Asked =
  | { readonly id: number; readonly statuses: readonly number[]; readonly error?: undefined }
  | { readonly id: number; readonly error: string };
