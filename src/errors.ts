/**
 * Every failure that a caller can see. `docs/errors.md` lists the same codes and a test compares the two.
 * The codes and statuses of gowa v9 are kept where gowa has one; its known faults are not (404 for an unknown device).
 */
interface Code {
  /** HTTP status of the answer. */
  readonly status: number;
  /** When it is worth trying the same call again. */
  readonly retry: 'never' | 'soon' | 'after pairing' | 'after a fix';
  /** What it means and what to do, for a person. */
  readonly text: string;
}

export const codes = {
  BAD_REQUEST: {
    status: 400,
    retry: 'after a fix',
    text: 'The request cannot be read; send the body as a JSON object, or as a form where the route takes one.',
  },
  VALIDATION_ERROR: {
    status: 400,
    retry: 'after a fix',
    text: 'A field is missing or has a wrong value; the message names it.',
  },
  INVALID_JID: {
    status: 400,
    retry: 'after a fix',
    text: 'Not a phone number or JID, or nobody has it; use digits with the country code, or user@s.whatsapp.net.',
  },
  INVALID_DEVICE_ID: {
    status: 400,
    retry: 'after a fix',
    text: 'A device id is 1 to 64 letters, digits, dots, dashes or underscores and starts with a letter or digit.',
  },
  URL_FORBIDDEN: {
    status: 400,
    retry: 'after a fix',
    text: 'The URL is not fetched: only http and https to public addresses are, and what URL_ALLOW names.',
  },
  WEBHOOK_ADDRESS_REFUSED: {
    status: 400,
    retry: 'after a fix',
    text: 'Nothing is sent to that address: only https to public hosts is, on usual ports, and what WEBHOOK_ALLOW names.',
  },
  DEVICE_ID_REQUIRED: {
    status: 400,
    retry: 'after a fix',
    text: 'device_id is required via X-Device-Id header or device_id query',
  },
  ALREADY_LOGGED_IN: { status: 400, retry: 'never', text: 'you are already logged in.' },
  UNAUTHORIZED: {
    status: 401,
    retry: 'after a fix',
    text: 'Send an API key as a bearer token or in X-API-Key, or a user and password by basic auth.',
  },
  KEY_IN_QUERY: {
    status: 400,
    retry: 'after a fix',
    text: 'Send the API key in a header: URLs are kept in logs and browser histories. Replace this key, others may have seen it.',
  },
  FORBIDDEN: {
    status: 403,
    retry: 'after a fix',
    text: 'The API key may not do this; the message says what it lacks.',
  },
  MEDIA_LINK_INVALID: {
    status: 403,
    retry: 'after a fix',
    text: 'The link is not one of ours, or has expired; download the file of the message again.',
  },
  FORBIDDEN_ORIGIN: {
    status: 403,
    retry: 'after a fix',
    text: 'A web page of another origin may not call this API.',
  },
  DEVICE_NOT_FOUND: {
    status: 404,
    retry: 'after a fix',
    text: 'device not found; create a device first with POST /devices or provide a valid X-Device-Id',
  },
  EVENT_NOT_FOUND: {
    status: 404,
    retry: 'never',
    text: 'There is no event of this id among those of the devices that the key is for.',
  },
  EVENTS_EXPIRED: {
    status: 410,
    retry: 'after a fix',
    text: 'The events after this cursor are not kept any more; `results.earliest` is the cursor that those which are come after.',
  },
  STREAMS_FULL: {
    status: 503,
    retry: 'soon',
    text: 'As many streams of events are open as this server holds; close those that nobody reads.',
  },
  TOO_MANY_STREAMS: {
    status: 429,
    retry: 'soon',
    text: 'This key has as many streams of events, or WebSockets, open as one may; close some, or read several devices with one.',
  },
  MESSAGE_NOT_FOUND: {
    status: 404,
    retry: 'never',
    text: 'This device knows no message of this id in this chat.',
  },
  KEY_NOT_FOUND: { status: 404, retry: 'never', text: 'There is no API key of that id.' },
  WEBHOOK_NOT_FOUND: { status: 404, retry: 'never', text: 'There is no webhook of that id.' },
  CHAT_NOT_FOUND: {
    status: 404,
    retry: 'never',
    text: 'This chat is not known: neither its history nor a message of it has come yet.',
  },
  MEDIA_NOT_FOUND: { status: 404, retry: 'never', text: 'There is no file in this message.' },
  DEAD_LETTER_NOT_FOUND: { status: 404, retry: 'never', text: 'There is no dead letter of that number.' },
  NOT_FOUND: { status: 404, retry: 'never', text: 'There is no such route.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    retry: 'never',
    text: 'This route does not take that method; the Allow header has those that it takes.',
  },
  DEVICE_EXISTS: { status: 409, retry: 'never', text: 'A device with that id exists already.' },
  KEY_ENDED: { status: 409, retry: 'never', text: 'The API key was revoked or has expired; make another.' },
  TOO_MANY_WEBHOOKS: {
    status: 409,
    retry: 'after a fix',
    text: 'There are as many webhooks as there may be, 16 for all devices and 4 for each; remove one.',
  },
  WEBHOOK_FIXED: {
    status: 409,
    retry: 'never',
    text: 'This webhook is changed elsewhere: by the settings, or by the route of its device.',
  },
  WEBHOOK_UNREADABLE: {
    status: 409,
    retry: 'after a fix',
    text: 'What is secret of the webhook cannot be opened; give it a new secret and new headers.',
  },
  TOO_MANY_KEYS: { status: 409, retry: 'after a fix', text: 'There are too many API keys; revoke some.' },
  REPLAY_RUNNING: {
    status: 409,
    retry: 'soon',
    text: 'The webhook is being told this device’s events again already; wait for the end, or end it.',
  },
  IDEMPOTENCY_RUNNING: {
    status: 409,
    retry: 'soon',
    text: 'A request with this Idempotency-Key is being served; ask again for its answer.',
  },
  IDEMPOTENCY_REUSED: {
    status: 422,
    retry: 'never',
    text: 'This Idempotency-Key was used for another request; use a new key for a new request.',
  },
  DEVICE_NOT_LINKED: {
    status: 409,
    retry: 'after pairing',
    text: 'The device is not linked to a phone; pair it with POST /device/login.',
  },
  DEVICE_STOPPED: {
    status: 409,
    retry: 'after a fix',
    text: 'WhatsApp refuses this device; the message says why.',
  },
  DEAD_LETTER_EXPIRED: {
    status: 410,
    retry: 'never',
    text: 'The events are not in the journal any more: they were older than they are kept.',
  },
  MEDIA_GONE: {
    status: 410,
    retry: 'never',
    text: 'The file is not on WhatsApp’s servers any more, and the phone did not give it again.',
  },
  ARCHIVE_INVALID: {
    status: 422,
    retry: 'never',
    text: 'This is not an archive of a device, or it was cut short or changed.',
  },
  ARCHIVE_LOCKED: {
    status: 422,
    retry: 'after a fix',
    text: 'The passphrase is not the one that the archive was made with.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    retry: 'never',
    text: 'The body, or a file, is larger than it may be; the message names the limit.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retry: 'after a fix',
    text: 'The body, or a file, is not of a type that this route takes; the message names those.',
  },
  URL_FAILED: {
    status: 422,
    retry: 'after a fix',
    text: 'The URL could not be fetched; the message says why.',
  },
  UPGRADE_REQUIRED: {
    status: 426,
    retry: 'after a fix',
    text: 'This route is for WebSockets; connect to it with ws:// or wss://.',
  },
  MEDIA_UNREADABLE: {
    status: 422,
    retry: 'after a fix',
    text: 'The file cannot be converted: it is damaged, too large to look into, or takes too long.',
  },
  URL_BUSY: {
    status: 503,
    retry: 'soon',
    text: 'Too many files are being fetched by URL, of this device or of all, from servers that are slow; try again.',
  },
  MEDIA_BUSY: {
    status: 503,
    retry: 'soon',
    text: 'Too many files wait to be converted; try again.',
  },
  FFMPEG_MISSING: {
    status: 501,
    retry: 'after a fix',
    text: 'This server has no ffmpeg, which this needs: install it, or name it with FFMPEG.',
  },
  WA_REACHOUT_TIMELOCK: {
    status: 429,
    retry: 'never',
    text: 'WhatsApp does not let this account start new chats for now (463).',
  },
  WA_BAD_REQUEST: {
    status: 422,
    retry: 'after a fix',
    text: 'WhatsApp does not accept the request; the message has its reason.',
  },
  WA_FORBIDDEN: {
    status: 403,
    retry: 'after a fix',
    text: 'WhatsApp does not allow this account to do that; in a group, most changes need an admin.',
  },
  WA_NOT_FOUND: { status: 404, retry: 'never', text: 'WhatsApp does not know what the request names.' },
  WA_CONFLICT: {
    status: 409,
    retry: 'never',
    text: 'WhatsApp has it that way already, or takes no more of it.',
  },
  RATE_LIMITED: {
    status: 429,
    retry: 'soon',
    text: 'Too many requests; Retry-After says in how many seconds there is room for another.',
  },
  WA_RATE_LIMITED: {
    status: 429,
    retry: 'soon',
    text: 'WhatsApp says that this account asks too often; wait some minutes before the next try.',
  },
  MEDIA_CORRUPT: {
    status: 502,
    retry: 'never',
    text: 'The file that WhatsApp gave is not the one that was sent; the message says what is wrong with it.',
  },
  WA_UNEXPECTED: {
    status: 502,
    retry: 'soon',
    text: 'WhatsApp gave no answer, or one that was not understood.',
  },
  MESSAGE_REFUSED: {
    status: 502,
    retry: 'never',
    text: 'WhatsApp refused to send this; `results.error` has its error code.',
  },
  PASSKEY_UNSUPPORTED: {
    status: 501,
    retry: 'never',
    text: 'This server cannot pair by passkey; pair by QR or by code.',
  },
  PAIRING_FAILED: { status: 502, retry: 'soon', text: 'WhatsApp did not start the pairing; try again.' },
  DEVICE_NOT_CONNECTED: {
    status: 503,
    retry: 'soon',
    text: 'The device is linked but has no connection to WhatsApp right now.',
  },
  APP_STATE_UNAVAILABLE: {
    status: 503,
    retry: 'soon',
    text: 'Chats, contacts, labels and the push name cannot be changed now: the phone shares the keys for it some seconds after the pairing, or other devices change them at the same time.',
  },
  DEVICE_CRASHED: {
    status: 503,
    retry: 'after a fix',
    text: 'The device failed too often and rests; it is started again once an hour, or by POST /devices/{device_id}/reconnect.',
  },
  DEVICE_ELSEWHERE: {
    status: 503,
    retry: 'soon',
    text: 'Another node runs this device; ask that one, or again here when it has handed the device over.',
  },
  SHARD_UNAVAILABLE: {
    status: 503,
    retry: 'soon',
    text: 'The thread that runs the device is restarting; try again.',
  },
  STORE_UNAVAILABLE: {
    status: 503,
    retry: 'soon',
    text: 'The database cannot be reached; nothing was done.',
  },
  MEMORY_SHORT: {
    status: 503,
    retry: 'soon',
    text: 'The process is short of memory and takes no new devices; those that it has go on.',
  },
  SHUTTING_DOWN: { status: 503, retry: 'soon', text: 'The server is stopping; try again when it is back.' },
  STORE_FULL: {
    status: 507,
    retry: 'after a fix',
    text: 'The disk of the database or of DATA_DIR is full; nothing was done. Free or add disk space.',
  },
  GATEWAY_TIMEOUT: {
    status: 504,
    retry: 'soon',
    text: 'WhatsApp did not answer in time. A message with an id in the results is queued: do not send it again, ask for its status.',
  },
  OUTCOME_UNKNOWN: {
    status: 504,
    retry: 'never',
    text: 'The thread of the device died while it did this; check whether it was done before you ask for it again.',
  },
  INTERNAL_SERVER_ERROR: {
    status: 500,
    retry: 'soon',
    text: 'Something broke in Cardume; its log has the cause under the X-Request-Id of this answer.',
  },
} as const satisfies Record<string, Code>;

export type ErrorCode = keyof typeof codes;

/** Whether the same request is worth sending again, changed in nothing. */
export function retryable(code: ErrorCode): boolean {
  return codes[code].retry === 'soon';
}

/** What of a failure may cross a thread or the wire. `results` is data for the caller, never a stack. */
export interface FailureReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly results?: Record<string, unknown>;
}

/** The one error class: a registered code, a sentence (the code's own unless given) and the cause. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: ErrorCode;
  readonly results: Record<string, unknown> | undefined;
  /** Seconds after which another try may succeed, where that is known. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ErrorCode,
    message?: string,
    options: { cause?: unknown; results?: Record<string, unknown>; retryAfter?: number } = {},
  ) {
    super(message ?? codes[code].text, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.results = options.results;
    this.retryAfter = options.retryAfter;
  }

  get status(): number {
    return codes[this.code].status;
  }

  report(): FailureReport {
    return { code: this.code, message: this.message, ...(this.results && { results: this.results }) };
  }

  static from(report: FailureReport): Failure {
    return new Failure(report.code, report.message, report.results ? { results: report.results } : {});
  }
}
