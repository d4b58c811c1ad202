// People and the product's users who write to each other, at a rate, as chance has it. Each text is written once.
import { type Asked, answeredAs } from '../oracle/evidence.ts';
import { pick, seeded } from '../random.ts';
import type { ChaosOptions } from './plan.ts';
import type { Stage } from './stage.ts';

/** Requests to the product that wait for their answer at a time. */
const AT_ONCE = 40;

export class Traffic {
  readonly asked: Asked[] = [];
  /** Texts that phones wrote. */
  written = 0;
  readonly #stage: Stage;
  readonly #random: () => number;
  readonly #everyMs: number;
  readonly #flying = new Set<Promise<void>>();
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #requests = 0;

  constructor(stage: Stage, { seed, rate }: ChaosOptions) {
    this.#stage = stage;
    this.#random = seeded(seed ^ 0x7a1c);
    this.#everyMs = 1_000 / rate;
  }

  start(): void {
    this.#timer = setTimeout(
      () => {
        this.start();
        this.#fly(this.#write());
      },
      this.#everyMs * 2 * this.#random(),
    );
  }

  /** No more; resolves when all that is on its way has ended. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#flying.size > 0) await Promise.all(this.#flying);
  }

  /** So many texts for one device, from some people one after the other. */
  async flood(device: number, messages: number): Promise<void> {
    const { devices, people } = this.#stage;
    const writers = [0, 1, 2].map(() => pick(this.#random, people));
    for (let n = 0; n < messages; n++)
      await this.#phoneWrites(writers[n % writers.length] ?? '', devices[device]?.phone ?? '');
  }

  async #write(): Promise<void> {
    const { devices, people, groups } = this.#stage;
    const random = this.#random;
    const device = pick(random, devices);
    const person = pick(random, people);
    const group = pick(random, Object.keys(groups));
    const members = groups[group] ?? [];
    const way = random();
    if (way < 0.35) return this.#phoneWrites(person, device.phone);
    if (way < 0.45) return this.#phoneWrites(pick(random, members), group);
    // Its own phone writes: the device gets a copy.
    if (way < 0.5) return this.#phoneWrites(device.phone, person);
    if (way < 0.8) return this.#productWrites(device.id, person, `${person}@s.whatsapp.net`);
    if (way < 0.9) {
      const ours = devices.filter(({ phone }) => members.includes(phone));
      return this.#productWrites(pick(random, ours).id, group, group);
    }
    const other = pick(random, devices);
    if (other !== device) return this.#productWrites(device.id, other.phone, `${other.phone}@s.whatsapp.net`);
  }

  async #phoneWrites(phone: string, to: string): Promise<void> {
    this.written++;
    await this.#stage.control.send(phone, to, this.#text());
  }

  async #productWrites(device: string, to: string, jid: string): Promise<void> {
    const { product } = this.#stage;
    if (!product.up || this.#requests >= AT_ONCE) return;
    const text = this.#text();
    const asked = { device, to: jid, text, at: Date.now() };
    this.#requests++;
    try {
      this.asked.push({ ...asked, ...answeredAs(await product.calls.sendText(device, to, text)) });
    } catch (error) {
      // Nobody listened: nothing was asked.
      const { code } = ((error as Error).cause ?? {}) as { code?: string };
      if (code !== 'ECONNREFUSED') this.asked.push({ ...asked, status: undefined });
    } finally {
      this.#requests--;
    }
  }

  #text(): string {
    return `text ${++this.#count} of ${Math.floor(this.#random() * 1e9).toString(36)}`;
  }

  #fly(writing: Promise<void>): void {
    const flying = writing.finally(() => this.#flying.delete(flying));
    this.#flying.add(flying);
  }
}
