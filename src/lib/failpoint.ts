/**
 * Named places in the code where a test can make the process die, stall or fail, exactly between two steps whose order
 * matters. Nothing is armed unless the setting FAILPOINTS says so: a hit costs one property read then.
 */

/** Every place there is; docs/failpoints.md describes each, and a test asserts that each is hit by some scenario. */
export const failpoints = [
  'recv.before_commit',
  'recv.after_commit',
  'recv.after_ack',
  'recv.after_journal',
  'send.before_row',
  'send.after_row',
  'send.after_commit',
  'send.after_wire',
  'send.after_ack',
  'prekeys.after_store',
] as const;

export type Failpoint = (typeof failpoints)[number];

type Action = () => Promise<void> | undefined;

let armed: ReadonlyMap<Failpoint, Action> | undefined;

/** Arms this thread; undefined disarms it. */
export function arm(actions: ReadonlyMap<Failpoint, Action> | undefined): void {
  armed = actions;
}

/** Passes the point: undefined when nothing happens, else a promise to await, which may never settle or may reject. */
export function failpoint(name: Failpoint): Promise<void> | undefined {
  return armed?.get(name)?.();
}
