/** What an app is given to answer from the tape. Its keys, its limits, its audit log and its log are real ones. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { destination } from 'pino';
import { AuditLog } from '../../../src/access/audit.ts';
import { KeyRegister } from '../../../src/access/keys.ts';
import type { AppDeps } from '../../../src/api/app.ts';
import { readConfig } from '../../../src/config.ts';
import { Failure } from '../../../src/errors.ts';
import { makeLogger } from '../../../src/lib/logger.ts';
import { mediaFrom } from '../../../src/media/settings.ts';
import { openDatabase, type Sql } from '../../../src/store/database.ts';
import { watched } from './ports.ts';
import type { Player } from './tape.ts';

export interface Played {
  readonly ports: AppDeps;
  /** The pool of their database. */
  readonly sql: Sql;
  /** Gone at the end. */
  readonly folder: string;
  end(): Promise<void>;
}

export async function playedPorts(player: Player, database: string): Promise<Played> {
  const log = makeLogger('info', {}, destination({ dest: '/dev/null', sync: true }));
  const sql = openDatabase({ address: { url: database }, connections: 4, name: 'cardume-bench' });
  const folder = mkdtempSync(join(tmpdir(), 'cardume-bench-'));
  const media = mediaFrom(readConfig({ DATA_DIR: folder }), log);
  await media.start();
  const keys = new KeyRegister({ sql, log });
  await keys.start();
  // All of it is on tape.
  const absent = {} as never;
  const ports: AppDeps = {
    ...{ devices: absent, fleet: absent, moving: absent, endpoints: absent, messages: absent, chats: absent },
    webhooks: absent,
    deliveries: absent,
    events: absent,
    live: { webhookChanged() {}, room() {} },
    media,
    readiness: () => absent,
    connections: () => absent,
    credentials: { basic: [], keys: [] },
    ...{ basePath: '', corsOrigins: [], trustedProxies: [] },
    keys,
    // No request has an Idempotency-Key: its whole cost is the store's.
    answers: { begin: async () => Promise.reject(new Failure('STORE_UNAVAILABLE')) },
    audit: new AuditLog({ sql, log }),
    limits: { perKey: 10_000_000, perDevice: 1_000_000 },
    version: 'bench',
    commandTimeoutMs: 45_000,
    log,
  };
  return {
    sql,
    folder,
    ports: watched(ports, (name, port, methods) => player.playing(name, port, methods)),
    async end() {
      await keys.stop();
      await media.stop();
      await sql.end({ timeout: 1 });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
