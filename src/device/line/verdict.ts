/**
 * What the end of a connection means. Pure: a close as Baileys reports it goes in, what to do comes out. The codes and
 * their meaning: Baileys `Types/index.ts` and `Utils/generics.ts`, whatsmeow `types/events/events.go` (402, 406, 409),
 * and docs/device-states.md, which a test compares with the table below.
 */
import { Failure } from '../../errors.ts';

/** `code` is Baileys' status code, absent when the handshake broke; `expires` in seconds comes with a temporary ban. */
export interface Close {
  readonly code?: number;
  readonly message: string;
  readonly expires?: number;
  /** What happened, when we know it better than a code could say. */
  readonly reason?: string;
}

export type Verdict =
  /** Connect again at once, without a step of backoff. */
  | { readonly next: 'again' }
  /** Connect again after the backoff, so many steps further up the ladder. */
  | { readonly next: 'backoff'; readonly steps: number; readonly reason: string }
  /** Connect again after a time that WhatsApp (or good manners) sets. */
  | { readonly next: 'later'; readonly ms: number; readonly reason: string }
  /** Connect again after some seconds: it was ours to mend, and WhatsApp needs no sparing. */
  | { readonly next: 'soon'; readonly reason: string }
  /** Someone else uses the same credentials. */
  | { readonly next: 'replaced' }
  /** The link is gone: forget the credentials. */
  | { readonly next: 'unlink'; readonly reason: string }
  /** WhatsApp refuses; a person must act. */
  | { readonly next: 'stop'; readonly reason: string };

const minute = 60_000;
const hour = 60 * minute;

interface Row {
  readonly codes: readonly number[];
  readonly verdict: (close: Close) => Verdict;
  readonly meaning: string;
}

export const closes: readonly Row[] = [
  {
    codes: [515],
    verdict: () => ({ next: 'again' }),
    meaning: 'WhatsApp asks to connect again, always after pairing',
  },
  {
    codes: [401, 516],
    verdict: () => ({ next: 'unlink', reason: 'logged out' }),
    meaning: 'unlinked, from the phone or by us',
  },
  {
    codes: [440, 409],
    verdict: () => ({ next: 'replaced' }),
    meaning: 'the same device connected elsewhere',
  },
  {
    codes: [402],
    verdict: ({ expires }) => ({ next: 'later', ms: (expires ?? 3600) * 1000, reason: 'temporarily banned' }),
    meaning: 'temporarily banned; not before it expires',
  },
  {
    codes: [403],
    verdict: () => ({ next: 'stop', reason: 'account locked, or its phone is gone' }),
    meaning: 'account locked, or its phone is gone',
  },
  { codes: [406], verdict: () => ({ next: 'stop', reason: 'account banned' }), meaning: 'account banned' },
  {
    codes: [411],
    verdict: () => ({ next: 'stop', reason: 'multi-device is not enabled' }),
    meaning: 'the account has no multi-device',
  },
  {
    codes: [405],
    verdict: () => ({ next: 'later', ms: hour, reason: 'client is outdated' }),
    meaning: 'client outdated; one try an hour until Cardume is updated',
  },
  {
    codes: [429],
    verdict: () => ({ next: 'backoff', steps: 5, reason: 'rate limited' }),
    meaning: 'too many connections',
  },
  {
    codes: [400],
    verdict: ({ message }) =>
      message.includes('certificate') || message.includes('certification')
        ? { next: 'stop', reason: 'the server is not trusted: its certificate is not signed by the root key' }
        : { next: 'backoff', steps: 1, reason: 'refused' },
    meaning: 'the server proved no trusted identity (WA_ROOT_KEY), or refused the request',
  },
  {
    codes: [500],
    verdict: () => ({ next: 'backoff', steps: 1, reason: 'server error' }),
    meaning: 'server error, or a stream error without a code',
  },
  {
    codes: [501],
    verdict: () => ({ next: 'backoff', steps: 1, reason: 'server error' }),
    meaning: 'server error',
  },
  {
    codes: [503],
    verdict: () => ({ next: 'backoff', steps: 1, reason: 'server unavailable' }),
    meaning: 'server busy or restarting',
  },
  {
    codes: [428],
    verdict: () => ({ next: 'backoff', steps: 1, reason: 'connection closed' }),
    meaning: 'connection closed',
  },
  {
    codes: [408],
    verdict: () => ({ next: 'backoff', steps: 1, reason: 'connection lost' }),
    meaning: 'connection lost, or no answer in time',
  },
];

const byCode = new Map(closes.flatMap(row => row.codes.map(code => [code, row] as const)));

/** An unknown code, and none at all (the handshake broke), are treated as a passing failure. */
export function judge(close: Close): Verdict {
  const row = close.code === undefined ? undefined : byCode.get(close.code);
  return (
    row?.verdict(close) ?? {
      next: 'backoff',
      steps: 1,
      reason: close.reason ?? `closed with ${close.code ?? 'no code'}`,
    }
  );
}

/** What follows when the store has failed under a device. */
export function storeVerdict(failure: unknown): Verdict {
  const full = failure instanceof Failure && failure.code === 'STORE_FULL';
  return { next: 'soon', reason: full ? 'database full' : 'database unavailable' };
}
