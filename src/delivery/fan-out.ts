// Committed events, as shards stream them up, to everyone in this process who wants them: the deliverer and live
// subscribers. Nobody here can hold up a shard: who is slow misses events and reads them from the journal.
import type { Logger } from 'pino';
import { type Deferred, deferred } from '../lib/deferred.ts';
import type { DeviceId, Streamed } from '../shard/protocol.ts';

/** What a subscriber wants; without a device or without events: all. */
export interface Interest {
  readonly device?: DeviceId;
  readonly events?: readonly string[];
  /** How many events are kept for it while it is busy; 256 unless given. */
  readonly room?: number;
}

/** Events since the last time, those of a device in order. `missed`: there was no room for some that came before them. */
export interface Live {
  readonly events: readonly Streamed[];
  readonly missed: boolean;
}

/** Ends when it or the fan-out is closed, or when the loop over it is left. One loop at a time. */
export interface Subscription extends AsyncIterable<Live> {
  close(): void;
}

export interface FanOut {
  /** Hands a shard's batch on and calls `done`: the shard may send as much again. */
  accept(shard: number, events: readonly Streamed[], done: () => void): void;
  subscribe(interest?: Interest): Subscription;
  readonly subscribers: number;
  /** Ends all subscriptions; batches still reach the deliverer. */
  close(): void;
}

/** Makes the fan-out in front of whoever delivers; `wake` must return at once. */
export function fanOut({ wake, log }: { wake: (events: readonly Streamed[]) => void; log: Logger }): FanOut {
  const subscribers = new Set<Subscriber>();
  return {
    accept(shard, events, done) {
      log.debug({ shard, events: events.length }, 'events came up');
      try {
        wake(events);
        for (const subscriber of subscribers) subscriber.push(events);
      } finally {
        done();
      }
    },
    subscribe(interest = {}) {
      const made = subscriber(interest, () => subscribers.delete(made));
      subscribers.add(made);
      return made;
    },
    get subscribers() {
      return subscribers.size;
    },
    close() {
      for (const subscriber of subscribers) subscriber.close();
    },
  };
}

interface Subscriber extends Subscription {
  push(events: readonly Streamed[]): void;
}

function subscriber({ device, events: names, room = 256 }: Interest, closed: () => void): Subscriber {
  const wanted = names?.length ? new Set(names.map(name => name.toLowerCase())) : undefined;
  let kept: Streamed[] = [];
  let missed = false;
  let open = true;
  let ready: Deferred<void> = deferred();

  const close = () => {
    open = false;
    closed();
    ready.resolve();
  };
  return {
    close,
    push(events) {
      for (const event of events) {
        if (device !== undefined && event.device !== device) continue;
        if (wanted && !wanted.has(event.event.toLowerCase())) continue;
        // All or nothing: the first event after a gap tells the reader from where to read.
        if (kept.length >= room) {
          kept = [];
          missed = true;
        }
        kept.push(event);
      }
      if (kept.length > 0) ready.resolve();
    },
    async *[Symbol.asyncIterator]() {
      try {
        while (open) {
          await ready.promise;
          if (kept.length === 0) continue;
          const live = { events: kept, missed };
          kept = [];
          missed = false;
          ready = deferred();
          yield live;
        }
      } finally {
        close();
      }
    },
  };
}
