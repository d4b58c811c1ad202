// Keeping the world in a file: after changes, at most every so often, and at the stop. Always whole: written beside and
// renamed. A killed simulator loses what happened since the last save, as a test server may.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { makeTrust, type Trust } from '../wire/certificate.ts';
import { keyPairOf } from '../wire/crypto.ts';
import type { World } from '../world.ts';
import { captureWorld, STATE_VERSION, type WorldState } from './world-state.ts';

const QUIET_MS = 200;
/** A large world is saved less often, so that saving takes at most about this share of the time. */
const SHARE = 0.05;

export class Keeper {
  readonly #world: World;
  readonly #file: string;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();
  #lastTookMs = 0;

  /** Starts listening for changes. */
  constructor(world: World, file: string) {
    this.#world = world;
    this.#file = file;
    world.changed = () => this.#schedule();
    this.#schedule();
  }

  /** Saves once more and stops. Rejects when the file cannot be written. */
  async stop(): Promise<void> {
    this.#world.changed = () => {};
    clearTimeout(this.#timer);
    await this.#saving;
    await this.#save();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#tick(), Math.max(QUIET_MS, this.#lastTookMs / SHARE));
  }

  #tick(): void {
    // The world is captured at once below, so a change from here on is for the next save. One write at a time.
    this.#timer = undefined;
    this.#saving = this.#saving.then(() => this.#save()).catch(error => this.#world.ledger.saveError(error));
  }

  async #save(): Promise<void> {
    const started = performance.now();
    const text = JSON.stringify(captureWorld(this.#world));
    this.#lastTookMs = performance.now() - started;
    // It holds private keys, if only simulated ones.
    await writeFile(`${this.#file}.new`, text, { mode: 0o600 });
    await rename(`${this.#file}.new`, this.#file);
  }
}

/** What a file holds; undefined when there is none yet. Rejects when it is not a simulator's state. */
export async function readState(file: string): Promise<{ state: WorldState; trust: Trust } | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const state = JSON.parse(text) as WorldState;
    if (state.version !== STATE_VERSION) throw new Error(`version ${state.version}, not ${STATE_VERSION}`);
    const decoded = (key: string) => Buffer.from(key, 'base64');
    return { state, trust: makeTrust(decoded(state.root), keyPairOf(decoded(state.static))) };
  } catch (error) {
    throw new Error(`${file} is not a simulator's state`, { cause: error });
  }
}
