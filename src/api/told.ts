// What a reader that stays is told, however it is: events, and where it stands when there were none for a while.
import type { ReadEvent } from '../streams/reader.ts';
import type { Follower } from '../streams/streams.ts';

export interface Told {
  /** None: it is still there. */
  readonly events: readonly ReadEvent[];
  /** Where to go on from, where that has moved without events. */
  readonly at: string | undefined;
}

/**
 * A page is read when what was told before was asked for on, and not earlier. Where nothing is wanted there may be a long
 * search, or pages that are empty again and again: whoever waits is told all the same. Fails as `Reader.page` does.
 */
export async function* told(follower: Follower): AsyncGenerator<Told, undefined> {
  const { heartbeatMs, searchMs, now } = follower.times;
  let known = follower.cursor;
  let said = now();
  while (!follower.closed) {
    const { events, more } = await follower.page();
    if (events.length > 0) {
      known = events.at(-1)!.cursor;
      yield { events, at: undefined };
      said = now();
      continue;
    }
    const woken = await follower.news(Math.max(0, said + heartbeatMs - now()));
    if (follower.closed) return undefined;
    if (woken && now() - said < (more ? searchMs : heartbeatMs)) continue;
    const at = follower.cursor === known ? undefined : follower.cursor;
    known = follower.cursor;
    yield { events, at };
    said = now();
  }
  return undefined;
}
