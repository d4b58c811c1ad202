// Carries out what the plan says. Each blow ends by itself; what it broke is whole again afterwards, or comes back alone.
import { setTimeout as delay } from 'node:timers/promises';
import type { Blow } from './plan.ts';
import { calm } from './settle.ts';
import type { Stage } from './stage.ts';
import type { Traffic } from './traffic.ts';

/** How long a kill waits for devices to be open. */
const PATIENCE_MS = 10_000;

export class Striker {
  /** Times (ms since 1970) at which connections were taken down without a word. */
  readonly blows: number[] = [];
  readonly counts: Record<string, number> = {};
  readonly #stage: Stage;
  readonly #traffic: Traffic;
  #killing: Promise<void> | undefined;
  #over = false;

  constructor(stage: Stage, traffic: Traffic) {
    this.#stage = stage;
    this.#traffic = traffic;
  }

  /** A product that has ended by itself is started again, as whoever runs it would. */
  async keepAlive(): Promise<void> {
    const { product } = this.#stage;
    while (!this.#over) {
      if (!product.running && !this.#killing) {
        this.#count('died by itself');
        product.start();
      }
      await delay(50);
    }
  }

  /** No more blows; everything is mended. */
  async end(): Promise<void> {
    this.#over = true;
    await this.#killing;
    const { network, control, hook } = this.#stage;
    for (const proxy of Object.values(network)) await proxy.mend();
    await control.disarm();
    hook.answer(200);
  }

  async strike(blow: Blow): Promise<void> {
    this.#count(blow.do === 'sigkill' && blow.rule !== undefined ? 'sigkill, then a failpoint' : blow.do);
    const { sql, network, control, devices, hook } = this.#stage;
    if (blow.do !== 'drain' && blow.do !== 'receiver') this.blows.push(Date.now());
    switch (blow.do) {
      case 'sigkill':
        this.#killing ??= this.#kill(blow).finally(() => {
          this.#killing = undefined;
        });
        return this.#killing;
      case 'backends':
        await sql`
          select pg_terminate_backend(pid) from pg_stat_activity
           where application_name like 'cardume-%' and random() < ${blow.share}`;
        return;
      case 'database':
        return this.#stage.killDatabase();
      case 'ambiguous':
        void network.database.cutAt({
          statement: /insert into (journal|signal_key|inbox|outgoing)/,
          when: 'after',
        });
        return;
      case 'partition': {
        const proxy = network[blow.of];
        if (blow.how === 'cut') await proxy.cut();
        else proxy.blackHole();
        await delay(blow.ms);
        await proxy.mend();
        // What the silence held may be half a connection's: an outage ends with new ones.
        if (blow.how === 'silence') proxy.reset();
        this.blows.push(Date.now());
        return;
      }
      case 'slow':
        network[blow.of].slow({ latencyMs: blow.latencyMs, jitterMs: blow.latencyMs / 2 });
        await delay(blow.ms);
        network[blow.of].slow({});
        return;
      case 'disconnect': {
        const jid = typeof blow.device === 'number' ? devices[blow.device]?.jid : undefined;
        // Nobody may be connected just now.
        await control.disconnect(blow.close, jid === undefined ? { all: true } : { jid }).catch(() => {});
        return;
      }
      case 'whatsapp':
        await control.restart(blow.downMs);
        return;
      case 'receiver':
        hook.answer(blow.status);
        await delay(blow.ms);
        hook.answer(200);
        return;
      case 'drain':
        return this.#drain(blow);
    }
  }

  async #kill({ early, downMs, rule }: Extract<Blow, { do: 'sigkill' }>): Promise<void> {
    const { product } = this.#stage;
    const since = performance.now();
    while (!early && product.running && performance.now() - since < PATIENCE_MS) {
      if (product.up && (await calm(product).catch(() => false))) break;
      await delay(100);
    }
    await product.end('SIGKILL');
    this.blows.push(Date.now());
    await delay(downMs);
    if (!product.running) product.start(rule);
  }

  async #drain({ devices: away, messages, ms }: Extract<Blow, { do: 'drain' }>): Promise<void> {
    const { control, devices, product } = this.#stage;
    for (const index of away) {
      const { jid } = devices[index]!;
      await control.arm('login.unavailable', { who: { device: jid }, label: jid });
      await control.disconnect('tcp', { jid }).catch(() => {});
    }
    for (const index of away) await this.#traffic.flood(index, messages);
    await delay(ms);
    await control.disarm('login.unavailable');
    for (const index of away)
      await product.calls.api('POST', `/devices/${devices[index]?.id}/reconnect`).catch(() => {});
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
}
