// What the HTTP station is given. It knows these ports and nothing of threads, Baileys or SQL.
import type { Logger } from 'pino';
import type { Answers } from '../access/answers.ts';
import type { Audit } from '../access/audit.ts';
import type { Keys } from '../access/keys.ts';
import type { MediaPort } from '../media/port.ts';
import type { Devices, Fleet, Moving } from '../supervisor/devices.ts';
import type { Actor } from './auth.ts';
import type { Limits } from './limits.ts';
import type { Live, Sees } from './live.ts';

/** Where one device's events go. The secret itself never comes back, only whether there is one. */
export interface EndpointView {
  readonly url: string;
  readonly hasSecret: boolean;
  /** Names of events; empty means all. */
  readonly events: readonly string[];
  readonly skipTlsVerify: boolean;
}

/** A change of a device's endpoint. What is not given stays as it was; `secret: null` removes the own secret. */
export interface EndpointChange {
  readonly url: string;
  readonly secret?: string | null;
  readonly events?: readonly string[];
  readonly skipTlsVerify?: boolean;
}

/** The webhook endpoint of a device, by the device's number. Each call fails with STORE_UNAVAILABLE. */
export interface EndpointSettings {
  get(deviceNo: number): Promise<EndpointView | undefined>;
  /** Makes the endpoint or changes it; resolves with it as it is then. */
  set(deviceNo: number, change: EndpointChange): Promise<EndpointView>;
  /** Removes the device's own endpoint: its events go to the global ones again. */
  clear(deviceNo: number): Promise<void>;
}

/** What has become of an outgoing message. */
export interface MessageStatus {
  readonly chat: string;
  readonly state: 'queued' | 'sent' | 'server_ack' | 'delivered' | 'read' | 'failed';
  readonly reason: string | null;
  readonly tries: number;
  readonly createdAt: Date;
  readonly stateAt: Date;
}

/** Outgoing messages, by the device's number. Fails with STORE_UNAVAILABLE. */
export interface Messages {
  status(deviceNo: number, id: string): Promise<MessageStatus | undefined>;
}

/** Where a page goes on: the time and the id of the row beside it. */
export interface Place {
  readonly at: Date;
  readonly id: string;
}

/** A part of a list that is told from the newest: by counting, or from a place. */
export interface Part {
  readonly limit: number;
  readonly offset?: number;
  readonly before?: Place | undefined;
  readonly after?: Place | undefined;
}

export interface ChatView {
  readonly no: number;
  readonly jid: string;
  /** The other address of its person, where that is known. */
  readonly lid: string | null;
  readonly name: string;
  readonly lastAt: Date | null;
  /** -1: marked as unread by hand. */
  readonly unread: number;
  readonly archived: boolean;
  readonly pinnedAt: Date | null;
  readonly mutedUntil: Date | null;
  /** Seconds until messages disappear; 0: they stay. */
  readonly ephemeral: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface ReactionView {
  readonly emoji: string;
  readonly sender: string;
  readonly senderName: string;
  readonly fromMe: boolean;
  readonly at: Date;
}

/** What was said; of a message that was revoked all texts are ''. */
export interface SaidView {
  readonly chat: string;
  readonly id: string;
  readonly sender: string;
  readonly senderName: string;
  readonly fromMe: boolean;
  readonly at: Date;
  readonly kind: string;
  readonly text: string;
  readonly filename: string;
  readonly mimetype: string;
  readonly url: string;
  readonly length: number;
  readonly call?: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly starred: boolean;
  readonly editedAt: Date | null;
  readonly revokedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly reactions: readonly ReactionView[];
}

export interface ContactView {
  readonly jid: string;
  readonly lid: string | null;
  readonly saved: string;
  readonly push: string;
  readonly business: string;
}

export interface SaidFilter {
  readonly chatNo?: number | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  readonly mediaOnly?: boolean | undefined;
  readonly fromMe?: boolean | undefined;
}

/** The chat store, by the device's number. `total` is left out where nobody counts. Fails with STORE_UNAVAILABLE. */
export interface Chats {
  chats(
    deviceNo: number,
    filter: {
      readonly part: Part;
      readonly search?: string | undefined;
      readonly archived?: boolean | undefined;
      readonly hasMedia?: boolean | undefined;
    },
  ): Promise<{ readonly chats: readonly ChatView[]; readonly total?: number }>;
  chat(deviceNo: number, jid: string): Promise<ChatView | undefined>;
  messages(
    deviceNo: number,
    self: { readonly jid: string; readonly name: string },
    filter: SaidFilter,
    part: Part,
  ): Promise<{ readonly messages: readonly SaidView[]; readonly total?: number }>;
  /** `last` is from where to go on, when not all was looked through or told. */
  search(
    deviceNo: number,
    self: { readonly jid: string; readonly name: string },
    query: string,
    filter: SaidFilter,
    part: Part,
  ): Promise<{
    readonly messages: readonly SaidView[];
    readonly total: number;
    readonly complete: boolean;
    readonly last?: Place;
  }>;
  contacts(deviceNo: number): Promise<readonly ContactView[]>;
  /** What the people of these JIDs are called, as far as that is known. */
  names(deviceNo: number, jids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** Who may call, by the settings: each may do everything. With neither, and no key ever made, the API is open. */
export interface Credentials {
  readonly basic: readonly { readonly user: string; readonly password: string }[];
  readonly keys: readonly string[];
}

/** `reasons` are sentences for a person: what is not ready yet. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** What does not work here and keeps nobody from the rest. */
  readonly notes?: readonly string[];
}

/** What families of routes are given. Devices are not among it: those that a caller may know of come with the call. */
export interface ApiDeps {
  readonly fleet: Fleet;
  readonly moving: Moving;
  readonly endpoints: EndpointSettings;
  readonly messages: Messages;
  /** Who listens at /ws. */
  readonly live: Pick<Live, 'webhookChanged'>;
  readonly chats: Chats;
  readonly media: MediaPort;
  readiness(): Promise<Readiness>;
  /** False while the devices have not been taken over yet; everything but the probes answers 503 then. */
  readonly started?: () => boolean;
  /** Database connections in use by each pool; none where the database does not answer. */
  connections(): Promise<readonly { readonly pool: string; readonly used: number }[]>;
  readonly credentials: Credentials;
  /** Everything is served below it: '' or a path like /whatsapp. */
  readonly basePath: string;
  /** Origins whose pages may call the API. */
  readonly corsOrigins: readonly string[];
  readonly keys: Keys;
  readonly answers: Answers;
  readonly audit: Audit;
  readonly limits: Limits;
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly version: string;
  /** The control plane of a simulator whose phones may scan the QR on the page. */
  readonly simulator?: { readonly controlUrl: string };
  /** Milliseconds that a command may take until its caller is told to give up. */
  readonly commandTimeoutMs: number;
  readonly log: Logger;
}

export interface AppDeps extends ApiDeps {
  readonly devices: Devices;
}

/** What was changed, before and after, for the audit log, which keeps hashes. */
export interface Change {
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * What a request carries through the app. `closing` fires when the server stops, `remote` is the other end of the
 * connection; `request` is the request's id, `address` who calls, `devices` those that exist for the caller, `code` that of
 * a failure, `target` what else was meant, `limits` what was said of them in the headers.
 */
export interface ApiEnv {
  Bindings: {
    closing?: AbortSignal;
    remote?: string | undefined;
    /** Lets a request become a WebSocket that hears of the devices it sees; only upgrade requests have it. */
    admit?: (sees: Sees) => void;
  };
  Variables: {
    request: string;
    address: string;
    actor: Actor;
    devices: Devices;
    device?: string;
    target?: string;
    code?: string;
    limits?: ReadonlyMap<string, { readonly policy: string; readonly level: string }>;
    change?: Change;
  };
}

/** How long a command waits when nothing else is configured, in milliseconds: gowa's limit. */
export const COMMAND_TIMEOUT_MS = 45_000;
