/**
 * Requests that are done once however often they come: those with an Idempotency-Key. Each is claimed before it is done and
 * its answer kept for a day, sealed. A process that dies in between leaves a claim without an answer; who asks again is let
 * in and told that it may have been done.
 */
import type { Logger } from '../lib/logger.ts';
import { type Seal, SealBroken } from '../lib/seal.ts';
import { reachStore, type Sql } from '../store/database.ts';
import { claimRequest, forgetRequest, keepAnswer, leaveRequest } from '../store/idempotency.ts';
import { places } from '../store/places.ts';

/** An answer as it was given. Without `body` it was too large to be kept, or does not open any more. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: string | undefined;
}

/** A request that is ours to do. One of the three ends it. */
export interface Turn {
  /** It was begun before, and nobody knows how far it came. */
  readonly again: boolean;
  /** Names this use of the key: the same when the request comes again, another when the key is used anew after a day. */
  readonly use: string;
  keep(answer: { readonly status: number; readonly body: string }): Promise<void>;
  /** It failed, and may have been done all the same. */
  leave(): Promise<void>;
  /** It failed, and nothing of it was done. */
  forget(): Promise<void>;
}

export type Begun =
  | { readonly as: 'ours'; readonly turn: Turn }
  | { readonly as: 'done'; readonly answer: KeptAnswer }
  /** Somebody does it now. */
  | { readonly as: 'running' }
  /** The same key came with something else before. */
  | { readonly as: 'other' };

export interface Answers {
  /** Fails with STORE_UNAVAILABLE. */
  begin(id: Buffer, fingerprint: Buffer): Promise<Begun>;
}

/** Most bytes of an answer that is kept. */
export const LARGEST_ANSWER = 64 * 1024;

export interface AnswersOptions {
  readonly sql: Sql;
  /** The lease of this process: a claim of one without a lease is free. */
  readonly node: string;
  readonly seal: Seal;
  readonly log: Logger;
}

/** The register of requests that have an Idempotency-Key, in the database, shared by all nodes. */
export function keptAnswers({ sql, node, seal, log }: AnswersOptions): Answers {
  /** What this process does now: a claim of ours that is not here is of a request that is over. */
  const running = new Map<string, Buffer>();

  function turnOf(id: Buffer, use: string, again: boolean): Turn {
    const end = async (how: () => Promise<void>) => {
      // The caller has its answer whether this can be written or not; without it the request counts as one of unknown end.
      await reachStore(how).catch((err: unknown) => log.warn({ err }, 'an answer could not be kept'));
      running.delete(id.toString('hex'));
    };
    return {
      again,
      use,
      keep: ({ status, body }) =>
        end(() => {
          const small = Buffer.byteLength(body) <= LARGEST_ANSWER;
          const answer = small ? seal.seal(places.answer(id), Buffer.from(body)) : null;
          return keepAnswer(sql, { id, node, status, answer });
        }),
      leave: () => end(() => leaveRequest(sql, id, node)),
      forget: () => end(() => forgetRequest(sql, id, node)),
    };
  }

  function opened(id: Buffer, answer: Buffer | null): string | undefined {
    if (!answer) return undefined;
    try {
      return seal.open(places.answer(id), answer).toString();
    } catch (err) {
      if (!(err instanceof SealBroken)) throw err;
      log.error('a kept answer does not open');
      return undefined;
    }
  }

  return {
    async begin(id, fingerprint) {
      const name = id.toString('hex');
      const mine = running.get(name);
      if (mine) return { as: mine.equals(fingerprint) ? 'running' : 'other' };
      running.set(name, fingerprint);
      let ours = false;
      try {
        const claim = await reachStore(() => claimRequest(sql, { id, fingerprint, node }));
        const { earlier } = claim;
        ours = claim.ours !== undefined;
        if (claim.ours !== undefined) return { as: 'ours', turn: turnOf(id, claim.ours, earlier !== null) };
        if (earlier && !earlier.fingerprint.equals(fingerprint)) return { as: 'other' };
        if (!earlier || earlier.status === null) return { as: 'running' };
        return { as: 'done', answer: { status: earlier.status, body: opened(id, earlier.answer) } };
      } finally {
        if (!ours) running.delete(name);
      }
    },
  };
}
