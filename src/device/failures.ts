/** How often a device may fail by itself: five restarts in ten minutes, and no sixth. */
import { type Intensity, recent, tooMany } from '../lib/intensity.ts';

const TOO_MANY: Intensity = { times: 6, within: 600_000 };

export class Failures {
  #times: number[] = [];

  /** Counts one more and says what becomes of the device. */
  count(): { readonly often: boolean; readonly reason: string } {
    this.#times = recent(this.#times, performance.now(), TOO_MANY);
    if (!tooMany(this.#times, TOO_MANY)) return { often: false, reason: 'the device failed' };
    this.#times = [];
    return { often: true, reason: 'the device failed too often; its last error is in the log' };
  }
}
