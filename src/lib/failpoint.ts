/**
 * Named places in the code where a test can make the process die, stall or fail, exactly between two steps whose order
 * matters. Nothing is armed unless the setting FAILPOINTS says so: a pass costs one read of a variable then (under 1 ns).
 * docs/failpoints.md has the grammar and a row per point.
 */
import { pbkdf2Sync } from 'node:crypto';
import { writeSync } from 'node:fs';

/** Every place there is; a test holds docs/failpoints.md to it, and another one has each of them hit by a scenario. */
export const failpoints = [
  'recv.before_commit',
  'recv.after_commit',
  'recv.in_mapping',
  'recv.after_ack',
  'recv.after_journal',
  'send.before_row',
  'send.after_row',
  'send.after_commit',
  'send.after_memory',
  'send.after_wire',
  'send.after_ack',
  'prekeys.after_store',
  'pair.before_store',
  'pair.after_store',
  'unlink.before_store',
  'deliver.before_post',
  'deliver.after_post',
  'deliver.before_checkpoint',
  'deliver.after_checkpoint',
  'endpoint.after_change',
  'device.after_create',
  'device.before_remove',
  'migrate.before_file',
  'migrate.after_file',
  'start.after_claim',
  'stop.after_drain',
] as const;

export type Failpoint = (typeof failpoints)[number];

type Action = (now?: 'now') => Promise<void> | undefined;

/** What is thrown where a rule says `throw`. */
export class FailpointError extends Error {
  override readonly name = 'FailpointError';
}

interface Rule {
  readonly name: Failpoint;
  readonly action: 'kill' | 'exit' | 'throw' | 'hang' | 'block' | 'freeze' | 'delay';
  /** Of `delay`. */
  readonly ms: number;
  /** The passes that are struck, counted from 1 in each thread. */
  readonly first: number;
  readonly last: number;
}

const RULE =
  /^([a-z_]+\.[a-z_]+):(?:(kill|exit|throw|hang|block|freeze)|delay\((\d{1,6})\))(?:@([1-9]\d{0,8})(\+?))?$/;

/**
 * Reads rules like `recv.after_commit:kill@2;send.after_wire:delay(500)`: a point, a colon, an action (`kill`, `exit`,
 * `throw`, `hang`, `block`, `freeze`, `delay(ms)`), and which passes: `@2` the second one alone, `@2+` from the second on, nothing for all. Throws
 * with a sentence.
 */
export function parseFailpoints(text: string): readonly Rule[] {
  return text
    .split(';')
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(part => {
      const match = RULE.exec(part);
      if (!match) throw new Error(`${part} is no rule`);
      const [, named, action, ms, from, onwards] = match;
      const name = failpoints.find(known => known === named);
      if (!name) throw new Error(`${named} is no failpoint`);
      const first = Number(from ?? 1);
      const last = from === undefined || onwards ? Number.POSITIVE_INFINITY : first;
      return { name, action: (action as Rule['action']) ?? 'delay', ms: Number(ms ?? 0), first, last };
    });
}

let armed: ReadonlyMap<Failpoint, Action> | undefined;

/** Arms this thread with the text of the setting; undefined disarms it. Passes are counted from here on. */
export function armFailpoints(text: string | undefined): void {
  if (text === undefined) {
    armed = undefined;
    return;
  }
  const rules = new Map<Failpoint, Rule[]>();
  for (const rule of parseFailpoints(text)) rules.set(rule.name, [...(rules.get(rule.name) ?? []), rule]);
  armed = new Map([...rules].map(([name, own]) => [name, actionOf(own)]));
}

/**
 * Passes the point: undefined when nothing happens, else a promise to await, which may never settle or may reject. Where
 * a turn of the event loop matters, await only what is not undefined.
 */
export function failpoint(name: Failpoint): Promise<void> | undefined {
  return armed?.get(name)?.();
}

/** The same where nothing can be awaited: `throw` throws, and waiting is passed over. */
export function failpointNow(name: Failpoint): void {
  armed?.get(name)?.('now');
}

function actionOf(rules: readonly Rule[]): Action {
  let passes = 0;
  return now => {
    passes++;
    const struck = rules.find(({ first, last }) => passes >= first && passes <= last);
    if (struck?.action === 'throw' && now) throw new FailpointError(`failpoint ${struck.name}`);
    return struck && strike(struck, passes);
  };
}

function strike({ name, action, ms }: Rule, pass: number): Promise<void> {
  // Not a log line: a killed process does not flush, and whoever waits for this point reads it here.
  writeSync(2, `failpoint ${name}: ${action} at pass ${pass}\n`);
  if (action === 'throw') return Promise.reject(new FailpointError(`failpoint ${name}`));
  if (action === 'delay') return new Promise(next => setTimeout(next, ms));
  // In a shard's thread it ends the thread alone.
  if (action === 'exit') process.exit(1);
  if (action === 'block') for (;;);
  // Native code that nothing interrupts: the thread can be ended when it is over, and not before.
  if (action === 'freeze') pbkdf2Sync('', '', 2 ** 31 - 1, 64, 'sha512');
  // As a power cut would: no exit handler runs, nothing is flushed.
  if (action === 'kill') process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}
