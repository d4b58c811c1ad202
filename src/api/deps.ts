// What the HTTP station is given. It knows these ports and nothing of threads, Baileys or SQL.
import type { Logger } from 'pino';
import type { MediaPort } from '../media/port.ts';
import type { Devices, Fleet, Moving } from '../supervisor/devices.ts';
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

/** Who may call. With neither keys nor users the API is open. */
export interface Credentials {
  readonly basic: readonly { readonly user: string; readonly password: string }[];
  readonly keys: readonly string[];
}

/** `reasons` are sentences for a person: what is not ready yet. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

export interface ApiDeps {
  readonly devices: Devices;
  readonly fleet: Fleet;
  readonly moving: Moving;
  readonly endpoints: EndpointSettings;
  readonly messages: Messages;
  /** Who listens at /ws. */
  readonly live: Pick<Live, 'webhookChanged'>;
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
  readonly version: string;
  /** The control plane of a simulator whose phones may scan the QR on the page. */
  readonly simulator?: { readonly controlUrl: string };
  /** Milliseconds that a command may take until its caller is told to give up. */
  readonly commandTimeoutMs: number;
  readonly log: Logger;
}

/** What a request carries through the app. `closing` fires when the server stops; `request` is the request's id. */
export interface ApiEnv {
  Bindings: {
    closing?: AbortSignal;
    /** Lets a request become a WebSocket that hears of the devices it sees; only upgrade requests have it. */
    admit?: (sees: Sees) => void;
  };
  Variables: { request: string; device?: string };
}

/** How long a command waits when nothing else is configured, in milliseconds: gowa's limit. */
export const COMMAND_TIMEOUT_MS = 45_000;
