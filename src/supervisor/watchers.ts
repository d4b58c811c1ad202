/** Callers that wait for a device to change, whatever the change is. */
export class Watchers {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Resolves when the device changes or `ms` milliseconds have passed. */
  async changed(id: string, ms: number): Promise<void> {
    const watchers = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, watchers);
    let timer: NodeJS.Timeout | undefined;
    let watcher!: () => void;
    await new Promise<void>(resolve => {
      watcher = resolve;
      watchers.add(watcher);
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    watchers.delete(watcher);
    if (watchers.size === 0) this.#waiting.delete(id);
  }

  notify(id: string): void {
    for (const watcher of this.#waiting.get(id) ?? []) watcher();
  }
}
