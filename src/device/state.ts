/**
 * The life of a device as a pure function: where it is and what happened go in, where it is then and what to do about
 * it come out. `device.ts` carries the effects out.
 *
 *   unlinked ──pair──▶ waiting ──admitted──▶ connecting ──offered──▶ pairing ──paired, 515──▶ connecting ──▶ open
 *       ▲                 ▲                      │                      │                                     │
 *       └──── unlink ─────┴──── backoff ─────────┴──────────────────────┴──────────── closed ─────────────────┘
 *
 * `waiting` has two reasons: a timer (backoff) or the connect gate (it has knocked). A socket exists in connecting,
 * pairing and open, and only there. `stopped` and `conflict` are left only when a person asks for it, `crashed` (reached
 * from anywhere, by `failed`) after an hour too.
 */
import type { Pairing, Phase } from '../shard/protocol.ts';
import type { Remembered } from '../store/devices.ts';
import type { Verdict } from './line/verdict.ts';

export interface State {
  readonly phase: Phase;
  /** When it entered the phase, ms since 1970. */
  readonly since: number;
  readonly linked: boolean;
  /** Steps up the backoff ladder. */
  readonly steps: number;
  readonly reason?: string | undefined;
  readonly pairing?: Pairing | undefined;
  /** The number to pair by code, while a pairing is wanted; '' pairs by QR. */
  readonly wanted?: string | undefined;
  /** When another connection last replaced ours. */
  readonly replacedAt?: number | undefined;
}

export type Input =
  | { readonly on: 'pair'; readonly phone: string }
  | { readonly on: 'reconnect' }
  | { readonly on: 'admitted' }
  | { readonly on: 'offered'; readonly pairing: Pairing }
  | { readonly on: 'paired' }
  | { readonly on: 'opened' }
  | { readonly on: 'closed'; readonly verdict: Verdict }
  | { readonly on: 'due' }
  | { readonly on: 'steady' }
  /** Something of the device broke by itself, not its connection; `often` when it has done so too often. */
  | { readonly on: 'failed'; readonly reason: string; readonly often: boolean }
  | { readonly on: 'unlinked'; readonly reason: string };

export type Effect =
  /** Ask the connect gate. */
  | { readonly do: 'knock' }
  | { readonly do: 'connect' }
  /** Close the socket if there is one, and cancel every timer. */
  | { readonly do: 'hang-up' }
  /** Give `due` after so many milliseconds. */
  | { readonly do: 'wait'; readonly ms: number }
  /** Give `steady` once the connection has held this long. */
  | { readonly do: 'watch'; readonly ms: number }
  /** Delete credentials and keys; the device stays, unlinked. */
  | { readonly do: 'forget'; readonly reason: string }
  /** Remember in the store that a person must act. */
  | { readonly do: 'halt'; readonly phase: 'stopped' | 'conflict'; readonly reason: string }
  /** Remember in the store until when it waits and why, over restarts. */
  | { readonly do: 'rest'; readonly ms: number; readonly reason: string; readonly replaced: boolean };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

const minute = 60_000;
/** A connection that held this long clears the ladder (WhatsApp Web's own figure, after whatsapp-rust). */
const STEADY = 30_000;
/** A second replacement within this time means that somebody really runs the same credentials. */
const REPLACED_AGAIN = 10 * minute;
const LADDER_TOP = 900_000;
/** Give or take a third: many devices wait for the same database, and the connect gate takes them one by one. */
const SOON = 3_000;
const CRASHED_FOR = 60 * minute;
/** What a timer can be set to: one more and Node fires after 1 ms, so a ban of a month would be a reconnect loop. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** Fibonacci seconds, at most 15 minutes, give or take 10 %: the ladder of WhatsApp Web. `steps` counts from 1. */
export function backoff(steps: number, random: number): number {
  let [wait, next] = [1, 1];
  for (let i = 1; i < steps && wait < 900; i++) [wait, next] = [next, wait + next];
  return Math.min(wait * 1000, LADDER_TOP) * (0.9 + random * 0.2);
}

/** Where a device begins, after what is remembered of its earlier life. */
export function initial(linked: boolean, now: number, remembered?: Omit<Remembered, 'no'>): State {
  const { state, reason, restMs, replacedAgoMs } = remembered ?? {};
  const halted = state === 'stopped' || state === 'conflict';
  // A linked device that may connect waits for nothing but the gate: its last reason is over.
  const why = halted || !linked || restMs ? reason : undefined;
  return {
    phase: halted ? state : linked ? 'waiting' : 'unlinked',
    since: now,
    linked,
    steps: 0,
    ...(why && { reason: why }),
    ...(typeof replacedAgoMs === 'number' && { replacedAt: now - replacedAgoMs }),
  };
}

/** `random` is one number in [0, 1), used where a step waits. */
export function step(state: State, input: Input, now: number, random: number): Step {
  const go = (phase: Phase, change: Partial<State>, ...effects: Effect[]): Step => ({
    state: {
      ...state,
      pairing: undefined,
      reason: undefined,
      ...change,
      phase,
      since: phase === state.phase ? state.since : now,
    },
    effects,
  });
  const stay: Step = { state, effects: [] };
  const live = state.phase === 'connecting' || state.phase === 'pairing' || state.phase === 'open';

  switch (input.on) {
    case 'pair':
      if (state.linked) return stay;
      return go('waiting', { wanted: input.phone, steps: 0 }, { do: 'hang-up' }, { do: 'knock' });
    case 'reconnect':
      if (!state.linked) return stay;
      return go('waiting', { steps: 0 }, { do: 'hang-up' }, { do: 'knock' });
    case 'admitted':
      return state.phase === 'waiting' ? go('connecting', {}, { do: 'connect' }) : stay;
    case 'offered':
      if (state.linked || (state.phase !== 'connecting' && state.phase !== 'pairing')) return stay;
      return go('pairing', { pairing: input.pairing });
    case 'paired':
      return live ? go('connecting', { linked: true, wanted: undefined }) : stay;
    case 'opened':
      return live ? go('open', {}, { do: 'watch', ms: STEADY }) : stay;
    case 'steady':
      return state.phase === 'open' ? { state: { ...state, steps: 0 }, effects: [] } : stay;
    case 'due':
      return state.phase === 'waiting' || state.phase === 'crashed'
        ? go('waiting', { reason: state.reason }, { do: 'knock' })
        : stay;
    case 'failed':
      return live || state.phase === 'waiting' ? failed(input) : stay;
    case 'unlinked':
      return go(
        'unlinked',
        { linked: false, wanted: undefined, steps: 0, reason: input.reason },
        { do: 'hang-up' },
        { do: 'forget', reason: input.reason },
      );
    case 'closed':
      return live ? closed(input.verdict) : stay;
  }

  function failed({ reason, often }: Extract<Input, { on: 'failed' }>): Step {
    if (!state.linked || !often) return closed({ next: 'soon', reason });
    return go('crashed', { steps: 0, reason }, { do: 'hang-up' }, { do: 'wait', ms: CRASHED_FOR });
  }

  function closed(verdict: Verdict): Step {
    if (!state.linked) {
      const reason = 'reason' in verdict ? `pairing ended: ${verdict.reason}` : 'pairing ended';
      return go('unlinked', { wanted: undefined, reason }, { do: 'hang-up' });
    }
    switch (verdict.next) {
      case 'again':
        return go('waiting', {}, { do: 'hang-up' }, { do: 'knock' });
      case 'backoff': {
        const steps = Math.min(state.steps + verdict.steps, 20);
        return go(
          'waiting',
          { steps, reason: verdict.reason },
          { do: 'hang-up' },
          { do: 'wait', ms: backoff(steps, random) },
        );
      }
      case 'later': {
        const { ms, reason } = verdict;
        return go(
          'waiting',
          { reason },
          { do: 'hang-up' },
          { do: 'wait', ms: Math.min(ms, LONGEST_TIMER) },
          { do: 'rest', ms, reason, replaced: false },
        );
      }
      case 'soon':
        return go(
          'waiting',
          { reason: verdict.reason },
          { do: 'hang-up' },
          { do: 'wait', ms: SOON * (2 / 3 + (random * 2) / 3) },
        );
      case 'replaced': {
        const again = state.replacedAt !== undefined && now - state.replacedAt < REPLACED_AGAIN;
        if (again) return halt('conflict', 'another process runs the same device');
        const reason = 'replaced by another connection';
        const ms = (30 + random * 30) * 1000;
        return go(
          'waiting',
          { replacedAt: now, reason },
          { do: 'hang-up' },
          { do: 'wait', ms },
          { do: 'rest', ms, reason, replaced: true },
        );
      }
      case 'unlink':
        return go(
          'unlinked',
          { linked: false, steps: 0, reason: verdict.reason },
          { do: 'hang-up' },
          { do: 'forget', reason: verdict.reason },
        );
      case 'stop':
        return halt('stopped', verdict.reason);
    }
  }

  function halt(phase: 'stopped' | 'conflict', reason: string): Step {
    return go(phase, { reason }, { do: 'hang-up' }, { do: 'halt', phase, reason });
  }
}

/** The state that a user is told of, who can act on it; undefined for a mere step of a reconnect. */
export function announcement(before: State, { phase }: State): string | undefined {
  if (phase === 'open' || phase === 'stopped' || phase === 'conflict' || phase === 'crashed') return phase;
  if (phase === 'unlinked' && before.linked) return 'unlinked';
  return before.phase === 'open' ? 'disconnected' : undefined;
}
