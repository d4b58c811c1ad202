// Messages that could not be read: a phone asks for them again, and is asked (protocol.md 8.3, 9.2; Baileys
// sendRetryRequest and sendMessagesAgain, whatsmeow retry.go).
import { type Device, deviceJid } from '../accounts/accounts.ts';
import { takePreKey } from '../accounts/keys.ts';
import { forgetOldest } from '../bounded.ts';
import { chatOf } from '../delivery/chat.ts';
import { deliverReceipt } from '../delivery/routing.ts';
import { parseJid } from '../wire/jid.ts';
import { type BinaryNode, bigEndian, bytes, child, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import type { Outbox } from './outbox.ts';
import type { PhoneSignal, SessionKeys } from './signal.ts';

/** Clients ask at most this often for one message (Baileys maxMsgRetryCount; whatsmeow stops before the fifth). */
const ASKED_AT_MOST = 5;
/** Somebody who asks more often for one message is not answered any more (whatsmeow's internal counter). */
const ANSWERED_AT_MOST = 10;
/** Messages of which the counts are known; the oldest go first. */
const KEPT_COUNTS = 5_000;

export class Retries {
  readonly #world: World;
  readonly #own: Device;
  readonly #signal: PhoneSignal;
  readonly #outbox: Outbox;
  readonly #asked = new Map<string, number>();
  readonly #answered = new Map<string, number>();

  constructor(world: World, own: Device, signal: PhoneSignal, outbox: Outbox) {
    this.#world = world;
    this.#own = own;
    this.#signal = signal;
    this.#outbox = outbox;
  }

  /** Asks the sender of a message to send it again, with keys for a fresh session, as real phones do. */
  ask(sender: Device, stanza: BinaryNode): void {
    this.#world.ledger.totals.undecryptable++;
    const { id = '', from, participant, recipient } = stanza.attrs;
    const chat = chatOf(this.#world, from);
    const count = counted(this.#asked, `${id} ${deviceJid(sender)}`);
    if (!chat || count > ASKED_AT_MOST) return;
    this.#world.ledger.receipt(id, deviceJid(this.#own), 'retry');
    const content = [
      node('retry', { count: String(count), id, t: stanza.attrs.t, v: '1', error: '0' }),
      node('registration', {}, bigEndian(this.#signal.state.registrationId, 4)),
      this.#keys(),
    ];
    const form = parseJid(participant ?? from)?.domain ?? 's.whatsapp.net';
    const copyOf = chatOf(this.#world, recipient);
    deliverReceipt(
      this.#world,
      { sender: this.#own, ids: [id], type: 'retry', chat, form, recipient: copyOf, content },
      sender,
    );
  }

  /** It came after all. */
  solved(sender: Device, id: string): void {
    this.#asked.delete(`${id} ${deviceJid(sender)}`);
  }

  /** Answers a retry receipt: the message again, over a session made from the receipt's keys or from the server's. */
  async answer(receipt: BinaryNode): Promise<void> {
    const { id = '', from, participant } = receipt.attrs;
    const target = this.#world.accounts.device(participant ?? from);
    const chat = target && this.#outbox.chatFor(target, id);
    if (!chat || counted(this.#answered, `${id} ${deviceJid(target)}`) > ANSWERED_AT_MOST) return;
    await this.#renewSession(target, keysIn(receipt));
    await this.#outbox.resend(target, chat, id, child(receipt, 'retry')?.attrs.count ?? '1');
  }

  /**
   * From the receipt's keys where they are good, otherwise from a bundle of the server's. The old session is archived and
   * not forgotten: what its other end has on the way is still read, as by real phones.
   */
  async #renewSession(target: Device, keys: SessionKeys | undefined): Promise<void> {
    const bundled = () => this.#signal.startSession(target, takePreKey(this.#world, target));
    if (keys) await this.#signal.startSessionWith(target, keys).catch(bundled);
    else await bundled();
  }

  #keys(): BinaryNode {
    const { id, pair, signature } = this.#signal.state.signedPreKey;
    const oneTime = this.#signal.newPreKey();
    return node('keys', {}, [
      node('type', {}, Buffer.of(5)),
      node('identity', {}, this.#own.account.identity.public),
      node('key', {}, [node('id', {}, bigEndian(oneTime.id, 3)), node('value', {}, oneTime.public)]),
      node('skey', {}, [
        node('id', {}, bigEndian(id, 3)),
        node('value', {}, pair.public),
        node('signature', {}, signature),
      ]),
    ]);
  }
}

function counted(counts: Map<string, number>, key: string): number {
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  forgetOldest(counts, KEPT_COUNTS);
  return count;
}

/** The keys in a retry receipt, which clients add from the second on; undefined when they are absent or not whole. */
function keysIn(receipt: BinaryNode): SessionKeys | undefined {
  const keys = child(receipt, 'keys');
  const registration = bytes(child(receipt, 'registration'));
  const identity = bytes(child(keys, 'identity'));
  const signed = child(keys, 'skey');
  const signature = bytes(child(signed, 'signature'));
  const signedPreKey = keyIn(signed);
  if (registration?.length !== 4 || identity?.length !== 32 || signature?.length !== 64 || !signedPreKey)
    return undefined;
  return {
    registrationId: registration.readUInt32BE(),
    identity,
    signedPreKey: { ...signedPreKey, signature },
    oneTime: keyIn(child(keys, 'key')),
  };
}

function keyIn(holder: BinaryNode | undefined): { id: number; public: Uint8Array } | undefined {
  const id = bytes(child(holder, 'id'));
  const value = bytes(child(holder, 'value'));
  return id?.length === 3 && value?.length === 32 ? { id: id.readUIntBE(0, 3), public: value } : undefined;
}
