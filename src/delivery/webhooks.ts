import { randomBytes } from 'node:crypto';
import { Failure } from '../errors.ts';
import { envelope } from '../journal/event.ts';
import { type EventName, eventNames } from '../journal/names.ts';
import { Forbidden, type Guard } from '../lib/guard.ts';
import { SealBroken } from '../lib/seal.ts';
import { reachStore, type Sql } from '../store/database.ts';
import {
  deleteWebhook,
  insertWebhook,
  pauseWebhook,
  readWebhooks,
  resumeWebhook,
  rotateSecret,
  updateWebhook,
  type WebhookFields,
  type WebhookRow,
} from '../store/webhooks.ts';
import type { Deliverer } from './deliverer.ts';
import { letterOf } from './letter.ts';
import type { Poster } from './post.ts';
import { describe } from './schedule.ts';
import { signer } from './sign.ts';

/** A webhook as it may be shown: of its secrets how many there are, of its own headers only the names. */
export type WebhookView = Omit<WebhookRow, 'headers' | 'secrets' | 'jid'> & {
  readonly headerNames: readonly string[];
  /** Own ones that sign now, the one that counts among them; 0: the installation's does. */
  readonly secretCount: number;
};

/** What a webhook wants; of the headers all that it shall have. */
export type WebhookSettings = Omit<WebhookFields, 'headers'> & {
  readonly headers: Readonly<Record<string, string>>;
};
/** What is not given stays as it is. A header without a value keeps the one that it has. */
export type WebhookChange = Partial<Omit<WebhookSettings, 'headers'>> & {
  readonly headers?: Readonly<Record<string, string | undefined>>;
};

/** Numbers of the devices that exist for the caller; undefined: all, and webhooks for all. */
export type Seen = ReadonlySet<number> | undefined;

/** How a try-out went. */
export interface Tried {
  readonly eventId: string;
  readonly status: number | null;
  readonly error: string | null;
  readonly ms: number;
  /** The begin of the answer, where the host is a public one. */
  readonly head: string | null;
}

export interface WebhooksOptions {
  readonly sql: Sql;
  readonly deliverer: Pick<Deliverer, 'reconfigure' | 'endpointSeals'>;
  readonly guard: Guard;
  /** For try-outs, apart from what is delivered. */
  readonly poster: Pick<Poster, 'post'>;
  /** The installation's, which signs for webhooks without their own. */
  readonly secret: string;
  /** Loads the samples of events when somebody wants one. */
  readonly sampleOf: (event: EventName) => Promise<Readonly<Record<string, unknown>>>;
  readonly now?: () => number;
}

/** Webhooks for all devices, and for each. */
const MOST_FOR_ALL = 16;
const MOST_FOR_ONE = 4;

/**
 * Webhooks of the API, changed under a running deliverer: what was changed counts from the next event on here, and within
 * a second on other nodes. Each call fails with STORE_UNAVAILABLE, and what names one with WEBHOOK_NOT_FOUND.
 */
export class Webhooks {
  readonly #options: WebhooksOptions;

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  /** By their numbers. */
  async page(seen: Seen, after: number, limit: number): Promise<WebhookView[]> {
    const rows = await this.#read({ ...devicesOf(seen), after, limit });
    return await Promise.all(rows.map(row => this.#shown(row)));
  }

  async get(id: string, seen: Seen): Promise<WebhookView> {
    return await this.#shown(await this.#find(id, seen));
  }

  /** Fails with WEBHOOK_ADDRESS_REFUSED, TOO_MANY_WEBHOOKS or DEVICE_NOT_FOUND. `secret` is told only where it was made here. */
  async create(
    deviceNo: number | null,
    settings: WebhookSettings,
    own: string | undefined,
  ): Promise<{ readonly view: WebhookView; readonly secret: string | undefined }> {
    const url = this.#allowed(settings.url);
    const secret = own ?? newSecret();
    const most = deviceNo === null ? MOST_FOR_ALL : MOST_FOR_ONE;
    const id = await this.#changing(deviceNo, async () => {
      const [headers, sealed] = await Promise.all([
        this.#sealedHeaders(deviceNo, settings.headers),
        this.#seals.seal(deviceNo, 'secret', secret),
      ]);
      const events = eventsNamed(settings.events);
      return await insertWebhook(
        this.#options.sql,
        deviceNo,
        { ...settings, url, events, headers },
        sealed,
        most,
      );
    });
    if (id === undefined) {
      const whose = deviceNo === null ? 'for all devices' : 'for this device';
      throw new Failure('TOO_MANY_WEBHOOKS', `There are ${most} webhooks ${whose} already; remove one.`);
    }
    return { view: await this.get(id, undefined), secret: own === undefined ? secret : undefined };
  }

  /** Fails with WEBHOOK_FIXED, or as `create` does. */
  async change(id: string, seen: Seen, change: WebhookChange): Promise<WebhookView> {
    const row = changeable(await this.#find(id, seen));
    const url = change.url === undefined ? row.url : this.#allowed(change.url);
    const events = change.events === undefined ? row.events : eventsNamed(change.events);
    const { headers: own, ...rest } = change;
    // Whoever may point it elsewhere must not learn so what was written down for the old place and is shown to nobody.
    const elsewhere = new URL(url).origin !== new URL(row.url).origin;
    if (elsewhere && row.headers && (!own || Object.values(own).includes(undefined)))
      throw new Failure(
        'VALIDATION_ERROR',
        'headers: another host is told them only when they are given again.',
        { results: { field: 'headers' } },
      );
    await this.#changing(row.deviceNo, async () => {
      const headers = own === undefined ? row.headers : await this.#merged(row, own);
      const now: WebhookFields = { ...row, ...rest, url, events, headers };
      await updateWebhook(this.#options.sql, row.no, now);
    });
    return await this.get(id, seen);
  }

  /** Fails with WEBHOOK_FIXED. */
  async remove(id: string, seen: Seen): Promise<void> {
    const { no, deviceNo } = changeable(await this.#find(id, seen));
    await this.#changing(deviceNo, () => deleteWebhook(this.#options.sql, no));
  }

  /** Fails with WEBHOOK_FIXED. */
  async rotate(
    id: string,
    seen: Seen,
    { own, overlapSeconds }: { readonly own: string | undefined; readonly overlapSeconds: number },
  ): Promise<{ readonly view: WebhookView; readonly secret: string | undefined }> {
    const { no, deviceNo } = changeable(await this.#find(id, seen));
    const secret = own ?? newSecret();
    await this.#changing(deviceNo, async () => {
      const sealed = await this.#seals.seal(deviceNo, 'secret', secret);
      await rotateSecret(this.#options.sql, no, sealed, overlapSeconds);
    });
    return { view: await this.get(id, seen), secret: own === undefined ? secret : undefined };
  }

  /** What is under way when it is paused comes to its end; nothing begins after the answer. */
  async pause(id: string, seen: Seen): Promise<WebhookView> {
    const { no, deviceNo } = await this.#find(id, seen);
    await this.#changing(deviceNo, () => pauseWebhook(this.#options.sql, no));
    return await this.get(id, seen);
  }

  async resume(id: string, seen: Seen, from: 'backlog' | 'now'): Promise<WebhookView> {
    const { no, deviceNo } = await this.#find(id, seen);
    await this.#changing(deviceNo, () => resumeWebhook(this.#options.sql, no, from));
    return await this.get(id, seen);
  }

  /** Sends a sample of an event, whatever the state of the webhook: it changes nothing of it. Fails with WEBHOOK_UNREADABLE. */
  async test(id: string, seen: Seen, event: string): Promise<Tried> {
    const [name] = eventsNamed([event]);
    const row = await this.#find(id, seen);
    const { secret: installation, poster, sampleOf, now = Date.now } = this.#options;
    const eventId = `evt_${randomBytes(18).toString('base64url')}`;
    const [first = installation, ...older] = await this.#open(row, row.secrets);
    const headers = { ...(await this.#headersOf(row)), 'webhook-test': '1' };
    const at = new Date(now());
    const about = { id: eventId, event: name as EventName, jid: row.jid ?? '', deviceNo: 0, seq: 0, at };
    const body = envelope(about, row.deviceId ?? '', JSON.stringify(await sampleOf(name as EventName)));
    const shape = { payload: row.payload, headers, sign: signer(first, ...older) };
    const began = performance.now();
    const outcome = await poster.post({
      url: row.url,
      ...letterOf(shape, [{ id: eventId, body }], now()),
      ...{ skipTlsVerify: row.skipTlsVerify, trusted: row.source === 'settings', timeoutMs: row.timeoutMs },
    });
    const ms = Math.round(performance.now() - began);
    if (outcome === 'cut') throw new Failure('SHUTTING_DOWN');
    if ('error' in outcome) return { eventId, ms, status: null, error: outcome.error, head: null };
    const { status, head = null } = outcome;
    const error = status >= 200 && status < 300 ? null : describe(outcome);
    return { eventId, ms, status, error, head };
  }

  get #seals() {
    return this.#options.deliverer.endpointSeals;
  }

  async #find(id: string, seen: Seen): Promise<WebhookRow> {
    const [row] = await this.#read({ ...devicesOf(seen), id });
    if (!row) throw new Failure('WEBHOOK_NOT_FOUND', undefined, { results: { webhook_id: id } });
    return row;
  }

  async #read(query: Parameters<typeof readWebhooks>[1]): Promise<WebhookRow[]> {
    return await reachStore(() => readWebhooks(this.#options.sql, query));
  }

  async #changing<T>(deviceNo: number | null, change: () => Promise<T>): Promise<T> {
    return await reachStore(() => this.#options.deliverer.reconfigure(deviceNo ?? 'all', change));
  }

  #allowed(url: string): string {
    try {
      return this.#options.guard.check(url).href;
    } catch (cause) {
      if (!(cause instanceof Forbidden)) throw cause;
      throw refused(cause);
    }
  }

  async #sealedHeaders(
    deviceNo: number | null,
    headers: Readonly<Record<string, string>>,
  ): Promise<Buffer | null> {
    if (Object.keys(headers).length === 0) return null;
    return await this.#seals.seal(deviceNo, 'headers', JSON.stringify(headers));
  }

  async #merged(row: WebhookRow, headers: NonNullable<WebhookChange['headers']>): Promise<Buffer | null> {
    // Those before that do not open are in nobody's way when all are given anew.
    const before = Object.values(headers).includes(undefined) ? await this.#headersOf(row) : {};
    const merged = Object.entries(headers).map(([name, value]) => {
      const kept = value ?? before[name];
      if (kept === undefined)
        throw new Failure('VALIDATION_ERROR', `headers.${name}: *** stands for a value that there is not.`, {
          results: { field: `headers.${name}` },
        });
      return [name, kept] as const;
    });
    return await this.#sealedHeaders(row.deviceNo, Object.fromEntries(merged));
  }

  async #headersOf(row: WebhookRow): Promise<Record<string, string>> {
    if (row.headers === null) return {};
    const text = await this.#opened(() => this.#seals.open(row.deviceNo, 'headers', row.headers as Buffer));
    return JSON.parse(text) as Record<string, string>;
  }

  async #open(row: WebhookRow, secrets: readonly Buffer[]): Promise<string[]> {
    return await this.#opened(() =>
      Promise.all(secrets.map(sealed => this.#seals.open(row.deviceNo, 'secret', sealed))),
    );
  }

  async #opened<T>(open: () => Promise<T>): Promise<T> {
    try {
      return await open();
    } catch (cause) {
      if (!(cause instanceof SealBroken)) throw cause;
      throw new Failure('WEBHOOK_UNREADABLE', undefined, { cause });
    }
  }

  async #shown(row: WebhookRow): Promise<WebhookView> {
    const { headers: _, secrets, jid: __, ...rest } = row;
    // Whoever lists webhooks sees all but the headers of one whose key is broken.
    const headers = await this.#headersOf(row).catch((error: unknown) => {
      if (error instanceof Failure && error.code === 'WEBHOOK_UNREADABLE') return {};
      throw error;
    });
    return { ...rest, headerNames: Object.keys(headers), secretCount: secrets.length };
  }
}

/** The failure for an address that is not asked; the sentence has nothing of our network in it. */
export function refused(cause: Forbidden, field = 'url'): Failure {
  return new Failure('WEBHOOK_ADDRESS_REFUSED', `${field}: nothing is sent there: ${cause.message}.`, {
    cause,
    results: { field },
  });
}

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

const devicesOf = (seen: Seen) => (seen === undefined ? {} : { devices: [...seen] });

function changeable(row: WebhookRow): WebhookRow {
  const fixed: Record<string, string> = {
    settings: 'This webhook is of the settings (WEBHOOK_URL), and is changed there.',
    device: 'This is the own webhook of a device, and is changed with PATCH /devices/{device_id}/webhook.',
  };
  const why = fixed[row.source];
  if (why !== undefined) throw new Failure('WEBHOOK_FIXED', why);
  return row;
}

/** Lower-case names of events, each once. A name that is none would never be told: it is a mistake of whoever writes it. */
function eventsNamed(names: readonly string[]): string[] {
  const lower = [...new Set(names.map(name => name.trim().toLowerCase()))];
  const all: readonly string[] = eventNames;
  const strange = lower.find(name => !all.includes(name));
  if (strange === undefined) return lower;
  throw new Failure(
    'VALIDATION_ERROR',
    `events: ${JSON.stringify(strange)} is no event; there are ${all.join(', ')}.`,
    { results: { field: 'events', events: all } },
  );
}
