// Keeping the world in a file: after changes, at most every so often, and at the stop. Always whole: written beside and
// renamed. A killed simulator loses what happened since the last save, as a test server may.
import { open, readFile, rename } from 'node:fs/promises';
import { makeTrust, type Trust } from '../wire/certificate.ts';
import { keyPairOf } from '../wire/crypto.ts';
import type { World } from '../world.ts';
import { fromBase64 } from './base64.ts';
import { captureWorld, STATE_VERSION, type WorldState } from './world-state.ts';

const QUIET_MS = 200;
/** A large world is saved less often, so that saving takes at most about this share of the time. */
const SHARE = 0.05;
const SLICE_MS = 5;

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
    // Whatever changes from here on is for the next save, also where it is seen by this one. One write at a time.
    this.#timer = undefined;
    this.#saving = this.#saving.then(() => this.#save()).catch(error => this.#world.ledger.saveError(error));
  }

  async #save(): Promise<void> {
    // It holds private keys, if only simulated ones.
    const file = await open(`${this.#file}.new`, 'w', 0o600);
    try {
      this.#lastTookMs = 0;
      for (const slice of this.#slices()) await file.writeFile(slice);
    } finally {
      await file.close();
    }
    await rename(`${this.#file}.new`, this.#file);
  }

  /**
   * The state as text, in pieces that take some milliseconds each: a world of thousands of devices must not stop for a
   * save. An account is whole; two may be of different moments, as after a kill clients and the server are anyway.
   */
  *#slices(): Generator<string> {
    let started = performance.now();
    const { rest, accounts } = captureWorld(this.#world);
    let slice = `${JSON.stringify(rest).slice(0, -1)},"accounts":[`;
    let comma = '';
    for (const account of accounts) {
      slice += comma + JSON.stringify(account);
      comma = ',';
      const took = performance.now() - started;
      if (took < SLICE_MS) continue;
      this.#lastTookMs += took;
      yield slice;
      slice = '';
      started = performance.now();
    }
    this.#lastTookMs += performance.now() - started;
    yield `${slice}]}`;
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
    return { state, trust: makeTrust(fromBase64(state.root), keyPairOf(fromBase64(state.static))) };
  } catch (error) {
    throw new Error(`${file} is not a simulator's state`, { cause: error });
  }
}
