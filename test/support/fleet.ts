// Many bare clients that write texts to each other, and count what comes back for each.
import type { ControlClient, LinkedDevice } from '../../src/simulator/control/client.ts';
import { type BinaryNode, node } from '../../src/simulator/wire/stanza.ts';
import { BareClient, type BareClientOptions } from './bare-client.ts';
import { CiphertextChain } from './ciphertexts.ts';

/** One for every text: the server's ack, the copy that arrived, the receipt for it, and the ack of that receipt. */
export interface Counts {
  acks: number;
  deliveries: number;
  receipts: number;
  receiptAcks: number;
  /** Acks that said no. */
  errors: number;
}

export interface Talk extends Counts {
  readonly texts: number;
  readonly wallMs: number;
}

/** Credentials of a device are 6 KB of JSON: no answer should hold thousands of them. */
const LINKED_AT_ONCE = 500;

export async function linkDevices(control: ControlClient, count: number): Promise<LinkedDevice[]> {
  const linked: LinkedDevice[] = [];
  while (linked.length < count)
    linked.push(...(await control.linkedDevices(Math.min(LINKED_AT_ONCE, count - linked.length))));
  return linked;
}

export class Fleet {
  readonly clients: BareClient[] = [];
  readonly #options: Omit<BareClientOptions, 'linked' | 'onStanza'>;
  #counts: Counts = nothing();
  #heard: () => void = () => {};

  constructor(options: Omit<BareClientOptions, 'linked' | 'onStanza'>) {
    this.#options = options;
  }

  /** Logs these devices in, `atOnce` at a time; resolves when all are open. */
  async connect(devices: readonly LinkedDevice[], atOnce = 50): Promise<void> {
    const queue = devices.values();
    const lane = async () => {
      for (const linked of queue) {
        const client = new BareClient({ ...this.#options, linked, onStanza: stanza => this.#count(stanza) });
        this.clients.push(client);
        await client.open;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
  }

  /** Every client in turn writes to the one half way around; `inFlight` texts wait for their receipt at a time. */
  async talk(texts: number, inFlight: number): Promise<Talk> {
    const chains = this.clients.map(() => new CiphertextChain());
    const all = { acks: texts, deliveries: texts, receipts: texts, receiptAcks: texts };
    const started = performance.now();
    let sent = 0;
    const counts = await this.counting(all, soFar => {
      while (sent < texts && sent - Math.min(soFar.receipts, soFar.receiptAcks) < inFlight)
        this.#write(sent++, chains);
    });
    return { ...counts, texts, wallMs: performance.now() - started };
  }

  /** Counts from now until there are so many of each; an ack with an error counts as an ack. `go` runs at the start and whenever something came. */
  async counting(wanted: Partial<Counts>, go: (soFar: Readonly<Counts>) => unknown): Promise<Counts> {
    const counts = nothing();
    this.#counts = counts;
    const missing = () =>
      Object.entries(wanted).some(
        ([name, count]) => counts[name as keyof Counts] + (name === 'acks' ? counts.errors : 0) < count,
      );
    await new Promise<void>(resolve => {
      this.#heard = () => {
        go(counts);
        if (!missing()) resolve();
      };
      this.#heard();
    });
    this.#heard = () => {};
    return counts;
  }

  end(): void {
    for (const client of this.clients) client.end();
  }

  #write(index: number, chains: readonly CiphertextChain[]): void {
    const from = index % this.clients.length;
    const sender = this.clients[from]!;
    const { jid, phone } = this.clients[(from + (this.clients.length >> 1)) % this.clients.length]!.linked;
    sender.send(textTo(sender.nextId(), phone, [[jid, chains[from]!.next()]]));
  }

  #count({ tag, attrs }: BinaryNode): void {
    const counts = this.#counts;
    if (tag === 'message') counts.deliveries++;
    else if (tag === 'receipt') counts.receipts++;
    else if (tag !== 'ack') return;
    else if (attrs.class === 'receipt') counts.receiptAcks++;
    else if (attrs.error !== undefined) counts.errors++;
    else counts.acks++;
    this.#heard();
  }
}

/** A text for these devices of one person, as a client sends it (protocol.md 8.1). */
export function textTo(
  id: string,
  phone: string,
  copies: readonly [jid: string, sealed: Uint8Array][],
): BinaryNode {
  const participants = copies.map(([jid, sealed]) =>
    node('to', { jid }, [node('enc', { v: '2', type: 'msg' }, sealed)]),
  );
  return node('message', { id, to: `${phone}@s.whatsapp.net`, type: 'text' }, [
    node('participants', {}, participants),
  ]);
}

function nothing(): Counts {
  return { acks: 0, deliveries: 0, receipts: 0, receiptAcks: 0, errors: 0 };
}
