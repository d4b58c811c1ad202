/** Whether the process is short of memory, as the main thread says it in memory that it shares with this one. */
let slots: Int32Array | undefined;
let slot = 0;

export function pressureIn(shared: Int32Array, index: number): void {
  slots = shared;
  slot = index;
}

/** What can be left out is to be left out. */
export function pressed(): boolean {
  return slots !== undefined && Atomics.load(slots, slot) !== 0;
}
