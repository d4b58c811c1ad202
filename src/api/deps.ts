// What the HTTP station is given. It knows these ports and nothing of threads, Baileys or SQL.
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Answers } from '../access/answers.ts';
import type { Audit } from '../access/audit.ts';
import type { Keys } from '../access/keys.ts';
import type { Deliveries } from '../delivery/deliveries.ts';
import type { Webhooks } from '../delivery/webhooks.ts';
import type { MediaPort } from '../media/port.ts';
import type { Streams } from '../streams/streams.ts';
import type { Devices, Fleet, Moving } from '../supervisor/devices.ts';
import type { Actor } from './auth.ts';
import type { Chats } from './chat-port.ts';
import type { Limits } from './limits.ts';
import type { Guest, Live } from './live.ts';

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

/** The journal for whoever reads it. */
export type Events = Pick<Streams, 'page' | 'end' | 'one' | 'follow' | 'room' | 'figures'>;

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
  readonly webhooks: Pick<
    Webhooks,
    'page' | 'get' | 'create' | 'change' | 'remove' | 'rotate' | 'test' | 'pause' | 'resume'
  >;
  readonly deliveries: Pick<
    Deliveries,
    | 'attempts'
    | 'parked'
    | 'deadLetters'
    | 'revive'
    | 'drop'
    | 'dropOne'
    | 'replay'
    | 'replays'
    | 'cancel'
    | 'figures'
  >;
  readonly messages: Messages;
  /** Who listens at /ws. */
  readonly live: Pick<Live, 'webhookChanged' | 'room'>;
  readonly events: Events;
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
 * connection; `request` is the request's id, `address` who calls, `devices` those that exist for the caller, `standing` both
 * as they are at a later time, undefined when the caller would not be let in any more; `code` that of a failure, `target`
 * what else was meant, `limits` what was said of them in the headers; `headers` what every answer says (headers.ts), `told` once
 * it has; `query` is the query, taken apart.
 */
export interface ApiEnv {
  Bindings: {
    closing?: AbortSignal;
    remote?: string | undefined;
    /** The request as the socket gives it; without one for a request inside the process. */
    incoming?: IncomingMessage;
    /** Lets a request become a WebSocket that hears of the devices it sees, and reads; only upgrade requests have it. */
    admit?: (guest: Guest) => void;
  };
  Variables: {
    request: string;
    address: string;
    actor: Actor;
    devices: Devices;
    standing: () => { readonly actor: Actor; readonly devices: Devices } | undefined;
    device?: string;
    target?: string;
    code?: string;
    limits?: { [policy in 'key' | 'device']?: { readonly policy: string; readonly level: string } };
    headers: Record<string, string>;
    told?: true;
    query?: Readonly<Record<string, string>>;
    change?: Change;
  };
}

/** How long a command waits when nothing else is configured, in milliseconds: gowa's limit. */
export const COMMAND_TIMEOUT_MS = 45_000;
