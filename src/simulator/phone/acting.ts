// A phone that follows its script: each message that it answers has a course of its own, with its own delays, so that the
// phone's lane is free meanwhile.
import { setTimeout as wait } from 'node:timers/promises';
import { forgetOldest } from '../bounded.ts';
import { RINGS_MS } from '../calls/call-stanzas.ts';
import { offerCall } from '../calls/signalling.ts';
import { formOf } from '../delivery/addressing.ts';
import { chatJid } from '../delivery/chat.ts';
import { sayChatState } from '../presence/chat-state.ts';
import { setAvailable } from '../presence/presence.ts';
import type { World } from '../world.ts';
import { type Composition, compose } from './compose.ts';
import type { Incoming } from './inbox.ts';
import { newId } from './outbox.ts';
import type { Phone } from './phone.ts';
import { type Step, stepsFor } from './script.ts';
import { summaryOf } from './text.ts';

/** Messages that are being answered; a flood beyond it stays unanswered. */
const MAX_COURSES = 1_000;
/** Ids that are known to be a script's own. */
const KEPT_IDS = 10_000;

export class Acting {
  readonly #world: World;
  readonly #phone: Phone;
  readonly #own = new Set<string>();
  #courses = 0;

  constructor(world: World, phone: Phone) {
    this.#world = world;
    this.#phone = phone;
  }

  /** Did this phone's script send it? Scripts do not answer each other: they would never stop. */
  sent(id: string): boolean {
    return this.#own.has(id);
  }

  /** Does about a message what the script says. Never throws; a failure is in the ledger. */
  answer(incoming: Incoming): void {
    if (incoming.from.phone?.acting.sent(incoming.id)) return;
    const steps = stepsFor(this.#phone.script, incoming);
    if (steps.length === 0) return;
    if (this.#courses >= MAX_COURSES) {
      this.#world.ledger.phoneError(
        new Error(`the script of ${this.#phone.account.phone} is busy with others`),
      );
      return;
    }
    this.#courses++;
    this.#follow(steps, incoming)
      .catch(error => {
        if (!this.#world.stopped.aborted) this.#world.ledger.phoneError(error);
      })
      .finally(() => this.#courses--);
  }

  async #follow(steps: readonly Step[], incoming: Incoming): Promise<void> {
    for (const step of steps) {
      await this.#do(step, incoming);
      // The number may have been given up meanwhile.
      if (this.#world.accounts.byPhone(this.#phone.account.phone) !== this.#phone.account) return;
    }
  }

  async #do(step: Step, { chat, id, from, message }: Incoming): Promise<void> {
    const to = chatJid(chat);
    if ('after' in step) await this.#wait(step.after);
    else if ('type' in step) await this.#seenTo(to, 'composing', step.type);
    else if ('record' in step) await this.#seenTo(to, 'recording', step.record);
    else if ('read' in step) await this.#phone.read(to, [id]);
    else if ('react' in step) await this.#send(to, { react: { message: id, emoji: step.react } });
    else if ('reply' in step) {
      const given = typeof step.reply === 'string' ? { text: step.reply } : step.reply;
      const names = { text: summaryOf(message).text, name: from.account.name, id };
      await this.#send(to, filled(given, names) as Composition);
    } else if ('call' in step) {
      offerCall(this.#world, {
        caller: this.#phone.device,
        to: chat.kind === 'group' ? chat.group : from.account,
        video: step.call.video === true,
        form: formOf(chat) ?? 's.whatsapp.net',
        timeoutMs: step.call.ringMs ?? RINGS_MS,
      });
    } else if ('available' in step) setAvailable(this.#world, this.#phone.device, true);
    else if ('unavailable' in step) setAvailable(this.#world, this.#phone.device, false);
  }

  #wait(ms: number): Promise<void> {
    return wait(ms, undefined, { ref: false, signal: this.#world.stopped });
  }

  async #seenTo(to: string, state: 'composing' | 'recording', ms: number): Promise<void> {
    sayChatState(this.#world, this.#phone.device, to, state);
    await this.#wait(ms);
    sayChatState(this.#world, this.#phone.device, to, 'paused');
  }

  async #send(to: string, given: Composition): Promise<void> {
    const message = compose(this.#world, this.#phone, to, given);
    // Known before it leaves: another script may have it at once.
    const id = newId();
    this.#own.add(id);
    forgetOldest(this.#own, KEPT_IDS);
    await this.#phone.sendMessage(to, message, { id });
  }
}

/** Every text in it with the names in braces replaced, once: what came is not searched for more. */
function filled(given: unknown, names: Readonly<Record<string, string>>): unknown {
  if (typeof given === 'string')
    return given.replaceAll(/\{(text|name|id)\}/g, (_, name: string) => names[name] ?? '');
  if (Array.isArray(given)) return given.map(one => filled(one, names));
  if (typeof given !== 'object' || given === null) return given;
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, filled(value, names)]));
}
