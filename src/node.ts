/** The only file that wires: one node, its stations built in the order in which data passes them and stopped in reverse. */
import { randomBytes, randomUUID } from 'node:crypto';
import { keptAnswers } from './access/answers.ts';
import { AuditLog } from './access/audit.ts';
import { KeyRegister } from './access/keys.ts';
import { type AppDeps, createApp } from './api/app.ts';
import { Live } from './api/live.ts';
import { qrDrawer } from './api/qr-terminal.ts';
import { ApiServer } from './api/server.ts';
import { type Config, ConfigError, isLoopback } from './config.ts';
import { Deliverer } from './delivery/deliverer.ts';
import { Deliveries } from './delivery/deliveries.ts';
import { fanOut } from './delivery/fan-out.ts';
import { Poster } from './delivery/post.ts';
import { endpointSettings } from './delivery/settings.ts';
import { webhookGuard } from './delivery/webhook-guard.ts';
import { Webhooks } from './delivery/webhooks.ts';
import { Failure } from './errors.ts';
import { asSetting, openKeys } from './keys.ts';
import { armFailpoints } from './lib/failpoint.ts';
import type { Logger } from './lib/logger.ts';
import { Seal } from './lib/seal.ts';
import type { Service } from './lib/service.ts';
import { mediaFrom } from './media/settings.ts';
import { Library } from './store/chats/library.ts';
import {
  connectionLimit,
  connectionsInUse,
  type DatabaseAddress,
  giveUpConnections,
  isSuperuser,
  openDatabase,
  type Sql,
  storeFailure,
  unavailable,
  waitForDatabase,
} from './store/database.ts';
import { DeviceSeals } from './store/device-seals.ts';
import { startEmbedded } from './store/embedded.ts';
import { syncGlobalEndpoints } from './store/endpoints.ts';
import { prepareJournal } from './store/journal-days.ts';
import { migrate } from './store/migrate.ts';
import { endLeases } from './store/nodes.ts';
import { readOutgoing } from './store/outgoing.ts';
import { ensureSecret, keepCanary } from './store/sealing.ts';
import { ensureSetting } from './store/settings.ts';
import { upkeep } from './store/upkeep.ts';
import { Streams } from './streams/streams.ts';
import { Lease } from './supervisor/lease.ts';
import { readinessOf } from './supervisor/readiness.ts';
import { QUARANTINE_CONNECTIONS } from './supervisor/shards.ts';
import { Supervisor, type SupervisorOptions } from './supervisor/supervisor.ts';

export interface NodeOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly version: string;
  /** The simulator that devices connect to, when this node was started with one. */
  readonly simulator?: { readonly controlUrl: string };
  /** Where QR codes are drawn, when somebody is looking. */
  readonly draw?: (text: string) => void;
  /** Other limits than usual, for tests. */
  readonly health?: SupervisorOptions['shard']['health'];
  readonly unread?: SupervisorOptions['shard']['unread'];
  /** Used memory by the limit, for tests. */
  readonly memory?: () => number;
  /** What the API is given, as it shall be given: the bench listens there. */
  readonly ports?: (ports: AppDeps) => AppDeps;
  /** Others than those of the system, for the hosts of webhooks, for tests. */
  readonly nameServers?: readonly string[];
  /** The node cannot go on; whoever runs the process should start it anew. `stuck`: an exit would wait for a thread for ever. */
  readonly fatal: (why: string, stuck?: 'stuck') => void;
}

/** Longest wait for a database that is down at the start. */
const DATABASE_WITHIN = 30_000;
/** Connections that the embedded server has beyond the budget: migrations, an operator's psql. */
const SPARE_CONNECTIONS = 10;
/** One for the lease, one for the claims. */
const LEASE_CONNECTIONS = 2;
/** Webhooks that are tried out at a time, at one host. */
const PROBES = 8;
/** The time to drain is shared: requests and shards first, then deliveries under way; the rest is the database's. */
const REQUESTS_PART = 0.55;
const DELIVERIES_PART = 0.25;

export class Node implements Service {
  readonly #options: NodeOptions;
  readonly #stops: (() => Promise<void>)[] = [];
  #api: ApiServer | undefined;
  #supervisor: Supervisor | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: NodeOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#running(this.#api).url;
  }

  get supervisor(): Supervisor {
    return this.#running(this.#supervisor);
  }

  /** Database connections that this node opens, whatever the number of devices. */
  get connections(): number {
    const { workers, shardConnections, mainConnections } = this.#options.config;
    return workers * shardConnections + QUARANTINE_CONNECTIONS + mainConnections + LEASE_CONNECTIONS;
  }

  /** Resolves when the API answers and all shards are up. Fails with ConfigError or Failure, and leaves nothing behind. */
  async start(): Promise<void> {
    try {
      await this.#build();
    } catch (error) {
      await this.stop();
      // A connection that is lost meanwhile is no fault of ours: whoever runs the process starts it anew.
      throw unavailable(error) ? storeFailure(error) : error;
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#unwind();
    return this.#stopped;
  }

  async #build(): Promise<void> {
    const { config, log, version, simulator, fatal } = this.#options;
    const draw = this.#options.draw && qrDrawer(this.#options.draw, log);
    armFailpoints(config.failpoints);
    if (config.failpoints !== undefined)
      log.warn({ failpoints: config.failpoints }, 'failpoints are armed: this process fails on purpose');
    const address = await this.#database();
    this.#proceed();
    const sql = openDatabase({ address, connections: config.mainConnections, name: 'cardume-main' });
    this.#stops.push(() => sql.end({ timeout: 1 }));
    await waitForDatabase(sql, { within: DATABASE_WITHIN, log });
    this.#proceed();
    // Before the first write: with wrong keys nothing may change.
    const ring = await openKeys(sql, config, log);
    await migrate({ address, log });
    await asSetting(keepCanary(sql, ring));
    await this.#assertRoom(sql);
    // Our own embedded server has no other role; on one that others administer ours should not be able to do everything.
    if (config.dbUri !== undefined && (await isSuperuser(sql)))
      log.warn('the database role is a superuser: give this program one that owns its database and no more');
    await prepareJournal(sql, log);
    const world = config.waSocketUrl === undefined ? 'whatsapp' : 'another server';
    await assertWorld(sql, world);

    const secret =
      config.webhookSecret ?? (await asSetting(ensureSecret(sql, ring, 'webhook_secret', newSecret)));
    const webhookKey = await asSetting(ensureSecret(sql, ring, 'webhook_key', newKey));
    const answersKey = await asSetting(ensureSecret(sql, ring, 'answers_key', newKey));
    const seals = new DeviceSeals(sql, ring);
    await seals.complete();
    const { webhookUrl, webhookEvents: events, webhookInsecureSkipVerify: skipTlsVerify } = config;
    await syncGlobalEndpoints(sql, webhookUrl, { events, skipTlsVerify });

    const media = mediaFrom(config, log);
    this.#stops.push(() => media.stop());
    await media.start().catch((cause: Error) => {
      throw new ConfigError(`DATA_DIR: expected a folder that can be written, got ${cause.message}`, {
        cause,
      });
    });
    const drainMs = config.drainSeconds * 1000;
    const open = () => openDatabase({ address, connections: 1, name: 'cardume-lease' });
    // The embedded server has ended with the process before us: whatever lease is left there is nobody's.
    if (config.dbUri === undefined) await endLeases(sql);
    const lease = new Lease({ node: randomUUID(), open, ttlMs: config.leaseSeconds * 1000, log });
    // Given back last: by then the sockets are closed, the state is stored and the cursors are written.
    this.#stops.push(() => lease.stop());
    await lease.start();
    const keys = new KeyRegister({ sql, log });
    const tryOut = isLoopback(config.host) && config.apiKeys.length === 0 && config.appBasicAuth.length === 0;
    const mayTryOut = tryOut ? () => !keys.any : undefined;
    const { nameServers } = this.#options;
    const guard = webhookGuard({ allow: config.webhookAllow, open: mayTryOut, nameServers, log });
    const deliverer = new Deliverer({
      ...{ sql, log, seals, secret, version, guard },
      owner: lease.node,
      held: () => lease.held(),
      webhookSeal: new Seal(Buffer.from(webhookKey, 'base64')),
      recorded: events => live.accept(-1, events, () => {}), // no shard's
      stopMs: drainMs * DELIVERIES_PART,
    });
    const probe = new Poster({ inFlight: PROBES, version, guard });
    this.#stops.push(() => probe.close());
    const live = fanOut({ wake: streamed => deliverer.wake(streamed), log });
    const limits = { most: config.streamLimit, each: config.streamsPerKey };
    const streams = new Streams({ sql, log, seals, news: live, limits });
    const listeners = new Live(() => supervisor, limits);
    const supervisor: Supervisor = new Supervisor({
      sql,
      seals,
      world,
      lease,
      open,
      letGo: deviceNo => deliverer.letGo(deviceNo),
      ...{ workers: config.workers, heapMb: config.shardHeapMb },
      memory: this.#options.memory,
      connectsPerSecond: config.connectsPerSecond,
      connectBurst: config.connectBurst,
      drainMs: drainMs * REQUESTS_PART,
      shard: shardSettings(address, this.#options),
      log,
      events: (shard, streamed, done) => live.accept(shard, streamed, done),
      statusChanged: device => {
        draw?.(device);
        listeners.changed(device);
      },
      fatal,
    });
    // Shards give up theirs themselves.
    lease.watch({ lost: () => giveUpConnections(sql), taken: () => {} });
    const audit = new AuditLog({ sql, log });
    const seal = new Seal(Buffer.from(answersKey, 'base64'));
    const ports: AppDeps = {
      devices: supervisor,
      fleet: supervisor,
      moving: supervisor.moving,
      live: listeners,
      endpoints: endpointSettings(sql, deliverer, guard),
      deliveries: new Deliveries({ sql, deliverer }),
      webhooks: new Webhooks({
        ...{ sql, deliverer, guard, secret },
        poster: probe,
        sampleOf: async event => (await import('./journal/catalogue/catalogue.ts')).sampleOf(event),
      }),
      messages: {
        status: (deviceNo, id) =>
          readOutgoing(sql, deviceNo, id).catch(error => {
            throw storeFailure(error);
          }),
      },
      events: streams,
      chats: new Library({ sql, seals, log }),
      media,
      readiness: async () => ({
        ...(await readinessOf(sql, supervisor, this.#phase)),
        notes: await media.notes(),
      }),
      started: () => this.#supervisor !== undefined,
      // A scrape is worth most when the database is away: it goes without this figure then.
      connections: () => connectionsInUse(sql).catch(() => []),
      credentials: { basic: config.appBasicAuth, keys: config.apiKeys },
      ...{ basePath: config.appBasePath, corsOrigins: config.appCorsAllowedOrigins },
      keys,
      answers: keptAnswers({ sql, node: lease.node, seal, log }),
      audit,
      limits: { perKey: config.rateLimit, perDevice: config.sendLimit },
      trustedProxies: config.trustedProxies,
      version,
      commandTimeoutMs: config.commandSeconds * 1000,
      log,
      ...(simulator && { simulator }),
    };
    const api = new ApiServer({
      app: createApp(this.#options.ports?.(ports) ?? ports),
      host: config.host,
      port: config.port,
      closeWithin: drainMs * REQUESTS_PART,
      live: listeners,
      log,
    });

    const { auditDays, chatRetentionDays: chatDays, journalDays } = config;
    const keeping = upkeep({ sql, log, auditDays, chatDays, journalDays });
    for (const service of [keeping, keys, audit, streams]) {
      this.#stops.push(() => service.stop());
      await service.start();
    }
    this.#stops.push(() => deliverer.stop());
    await deliverer.start();
    // No new requests first; those that run need their shards, so both drain at the same time.
    this.#stops.push(async () => {
      const requests = api.stop();
      await supervisor.stop();
      await requests;
      live.close();
    });
    await listen(api, config);
    this.#api = api;
    this.#proceed();
    await supervisor.start();
    this.#proceed();
    this.#supervisor = supervisor;
  }

  async #database(): Promise<DatabaseAddress> {
    const { config, log } = this.#options;
    if (config.dbUri !== undefined) return { url: config.dbUri };
    const embedded = await startEmbedded({
      dir: config.dataDir,
      maxConnections: this.connections + SPARE_CONNECTIONS,
      log,
    });
    this.#stops.push(() => embedded.stop());
    void embedded.exited.then(why => {
      if (!this.#stopped) this.#options.fatal(`the embedded database is gone: ${why}`);
    });
    return embedded.address;
  }

  async #assertRoom(sql: Sql): Promise<void> {
    const limit = await connectionLimit(sql);
    if (this.connections > limit)
      throw new ConfigError(
        `WORKERS: expected WORKERS x SHARD_CONNECTIONS + MAIN_CONNECTIONS + ${LEASE_CONNECTIONS} to be at most the ${limit} connections that the database allows, got ${this.connections}`,
      );
  }

  get #phase(): 'starting' | 'stopping' | 'running' {
    if (this.#stopped) return 'stopping';
    return this.#supervisor ? 'running' : 'starting';
  }

  /** A stop that came during the start ends it at the next step. */
  #proceed(): void {
    if (this.#stopped) throw new Failure('SHUTTING_DOWN');
  }

  async #unwind(): Promise<void> {
    for (const stop of this.#stops.reverse())
      await stop().catch((err: unknown) =>
        this.#options.log.error({ err }, 'a station did not stop in order'),
      );
  }

  #running<T>(station: T | undefined): T {
    if (station === undefined) throw new Error('the node has not been started');
    return station;
  }
}

/** What a thread is told of the settings. */
function shardSettings(
  database: DatabaseAddress,
  { config, health, unread }: NodeOptions,
): SupervisorOptions['shard'] {
  return {
    database,
    connections: config.shardConnections,
    defaults: {
      ...(config.proxyUrl !== undefined && { proxy: config.proxyUrl }),
      deviceName: config.deviceName,
      alwaysOnline: config.presenceOnConnect === 'available',
      autoRead: config.autoMarkRead,
      rejectCalls: config.autoRejectCall,
      autoReply: config.autoReply,
      ...(config.chatRetentionDays !== undefined && { chatRetentionDays: config.chatRetentionDays }),
    },
    proxyAllow: config.proxyAllow,
    logLevel: config.logLevel,
    ...(health && { health }),
    ...(unread && { unread }),
    ...(config.failpoints !== undefined && { failpoints: config.failpoints }),
    whatsapp: {
      ...(config.waSocketUrl !== undefined && { socketUrl: config.waSocketUrl }),
      ...(config.waRootKey !== undefined && { rootKey: config.waRootKey }),
      ...(config.waCaFile !== undefined && { ca: config.waCaFile }),
      ...(config.waMediaUrl !== undefined && { mediaUrl: config.waMediaUrl }),
    },
  };
}

function newKey(): string {
  return randomBytes(32).toString('base64');
}

function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** Devices of a simulator in the database of real ones would be logged out at the first connect, and the other way round. */
async function assertWorld(sql: Sql, world: string): Promise<void> {
  const kept = await ensureSetting(sql, 'world', () => world);
  if (kept !== world)
    throw new ConfigError(
      `DB_URI: expected a database of devices that connect to ${world}, got one of devices that connect to ${kept}; use another database (or DATA_DIR)`,
    );
}

async function listen(api: ApiServer, { host, port }: Config): Promise<void> {
  try {
    await api.start();
  } catch (cause) {
    const { message } = cause as Error;
    throw new ConfigError(`PORT: expected an address that is free, got ${host}:${port}; ${message}`, {
      cause,
    });
  }
}
