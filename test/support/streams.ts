// The journal behind a real server: events are written as a shard writes them, and come up as they do.
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import pino from 'pino';
import type { AppDeps } from '../../src/api/app.ts';
import { Live } from '../../src/api/live.ts';
import { ApiServer } from '../../src/api/server.ts';
import { fanOut } from '../../src/delivery/fan-out.ts';
import { identified } from '../../src/journal/event.ts';
import { Journal } from '../../src/journal/journal.ts';
import type { EventName } from '../../src/journal/names.ts';
import { Seal } from '../../src/lib/seal.ts';
import type { Sql } from '../../src/store/database.ts';
import { Streams, type StreamsOptions } from '../../src/streams/streams.ts';
import type { DeviceView } from '../../src/supervisor/devices.ts';
import { keysApi } from './keys-api.ts';
import { until } from './until.ts';

const log = pino({ level: 'silent' });

/** Resolves when all that is written may be told in the order over all devices: whatever else runs on the server has a say. */
export async function settled(sql: Sql): Promise<void> {
  await until(
    async () =>
      (await sql`select from journal where xid >= pg_snapshot_xmin(pg_current_snapshot()) limit 1`).count ===
      0,
    { within: 60_000, what: 'older transactions have ended' },
  );
}

export async function streamsServer(t: TestContext, options: Partial<StreamsOptions> = {}) {
  const seal = new Seal(Buffer.alloc(32, 7));
  let port: AppDeps['events'] | undefined;
  const events: AppDeps['events'] = {
    page: ask => port!.page(ask),
    end: ask => port!.end(ask),
    one: (id, devices) => port!.one(id, devices),
    follow: following => port!.follow(following),
    room: by => port!.room(by),
    figures: () => port!.figures(),
  };
  const live: Live = new Live(() => api.devices, options.limits);
  const api: Awaited<ReturnType<typeof keysApi>> = await keysApi(t, { events, live });
  const { sql } = api;
  const hub = fanOut({ wake: () => {}, log });
  const streams = new Streams({ sql, log, seals: { sealOf: () => seal }, news: hub, lookMs: 20, ...options });
  await streams.start();
  const pages: number[] = [];
  port = {
    page: ask => streams.page(ask),
    end: ask => streams.end(ask),
    one: (id, devices) => streams.one(id, devices),
    room: by => streams.room(by),
    figures: () => streams.figures(),
    follow(following) {
      const follower = streams.follow(following);
      const number = pages.push(0) - 1;
      const page = follower.page;
      follower.page = async () => {
        const read = await page();
        for (const { body } of read.events) pages[number] = (pages[number] ?? 0) + body.length;
        return read;
      };
      return follower;
    },
  };
  const server = new ApiServer({ app: api.app, log, live, host: '127.0.0.1', port: 0, closeWithin: 5_000 });
  await server.start();
  t.after(async () => {
    await server.stop();
    await streams.stop();
    hub.close();
  });
  const owner = randomUUID();
  const journal = new Journal({ sql, owner });

  return {
    ...api,
    streams,
    url: server.url,
    /** Bytes of events that each follower was given, in the order in which they began. */
    pages,
    /** A device whose events are written here. */
    async device(id: string): Promise<DeviceView> {
      const view = await api.device(id);
      await sql`update device set owner = ${owner} where no = ${view.no}`;
      return view;
    },
    /** Writes events; `quiet`: as another node does, of which nothing comes up here. */
    async write(
      { no, id }: DeviceView,
      texts: readonly string[],
      { event = 'message', quiet = false }: { event?: EventName; quiet?: boolean } = {},
    ): Promise<string[]> {
      const facts = texts.map(body => identified(no, { event, at: Date.now(), payload: { body } }));
      const writer = { no, id, epoch: 1, jid: '15551234567@s.whatsapp.net', seal };
      const streamed = await journal.write(writer, { facts, done: [], steps: [] });
      if (!quiet) hub.accept(0, streamed, () => {});
      await settled(sql);
      return streamed.map(({ id }) => id);
    },
  };
}
