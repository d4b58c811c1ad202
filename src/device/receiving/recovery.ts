/**
 * What is in a stanza that was left over, told without a connection: its ciphertexts cannot be opened a second time, but
 * their plaintexts are in the inbox. Baileys decodes it as it would have; its repository is the plaintexts.
 */
import {
  cleanMessage,
  decryptMessageNode,
  proto,
  type SignalRepositoryWithLIDStore,
  type WAMessage,
} from '@whiskeysockets/baileys';
import type { Logger } from 'pino';
import { heardOfChannels } from '../chats/channels.ts';
import { quiet } from '../line/quiet.ts';
import type { Self, Told } from '../translate/envelope.ts';
import { fromMessages } from '../translate/messages.ts';
import { fromStanza } from '../translate/stanzas.ts';
import { fromPoison } from '../translate/state.ts';
import type { Facts } from './facts.ts';
import type { Arrival, Inbox } from './inbox.ts';
import { isUnread } from './unread-rules.ts';

export interface Recovered {
  readonly drafts: Told[];
  /** The message itself, as far as it could be read. */
  readonly message?: WAMessage;
  /** Nothing but the facts was in it: Baileys has nothing to learn from it any more. */
  readonly whole: boolean;
}

/** What an arrival says as far as its plaintexts are known. Fails as Baileys does with a stanza that it cannot decode. */
export async function recover(arrival: Arrival, self: Self): Promise<Recovered> {
  const { node, ciphertexts, plaintexts } = arrival;
  if (node.tag !== 'message') return { drafts: fromStanza(node, self), whole: false };
  let missing = ciphertexts.size === 0;
  const known = (ciphertext: Uint8Array) => {
    const plaintext = plaintexts.get(ciphertexts.get(ciphertext)?.toString('hex') ?? '');
    if (plaintext) return plaintext;
    missing = true;
    throw new Error('the plaintext is not in the inbox');
  };
  const nobody = async () => null;
  const repository = {
    decryptMessage: async ({ ciphertext }: { ciphertext: Uint8Array }) => known(ciphertext),
    decryptGroupMessage: async ({ msg }: { msg: Uint8Array }) => known(msg),
    processSenderKeyDistributionMessage: async () => {},
    migrateSession: async () => ({ migrated: 0, skipped: 0, total: 0 }),
    lidMapping: { getLIDForPN: nobody, getPNForLID: nobody, storeLIDPNMappings: async () => {} },
  } as unknown as SignalRepositoryWithLIDStore;

  const { fullMessage, category, decrypt } = decryptMessageNode(node, self.jid, self.lid, repository, quiet);
  await decrypt();
  const { message } = fullMessage;
  cleanMessage(fullMessage, self.jid, self.lid);
  // Keys of others and what one's own phone says are for Baileys.
  const told = message?.senderKeyDistributionMessage || message?.protocolMessage || category === 'peer';
  const lost = fullMessage.messageStubType === proto.WebMessageInfo.StubType.CIPHERTEXT;
  return {
    message: fullMessage,
    drafts: [...(lost && !message ? [] : fromMessages([fullMessage], self)), ...fromStanza(node, self)],
    whole: !missing && !told && !lost,
  };
}

export interface RecoveryOptions {
  readonly facts: Facts;
  /** What there is to tell of a message that could be read beside what is in it. */
  readonly beside: (message: WAMessage) => Told[];
  readonly self: () => Self;
  /** The device's thread died of its work, more than once: what is left over again may be what it died of. */
  readonly suspected: boolean;
  readonly log: Logger;
}

/**
 * What a stanza is charged with when the thread of a suspected device ends before it is done: reading it is what kills if
 * anything does, and weighs as much as three ends after it was read, when it is told, or waits for Baileys beside others.
 * (With two ends of whatever kind a thread that was killed from outside at the same message twice cost its content.)
 */
const READING = 3;
const TELLING = 1;
const TOO_MUCH = 6;

/** Sees to it that each stanza that is in the inbox is told, whatever became of the connection that it came on. */
export class Recovery {
  readonly #options: RecoveryOptions;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /**
   * Tells what an earlier connection left over, before there is a new one: WhatsApp may never let us in again. Resolves
   * with what Baileys must still see when it is connected.
   */
  async takeUp(inbox: Inbox): Promise<Arrival[]> {
    const { facts, self, suspected, log } = this.#options;
    await facts.stored();
    const unseen: Arrival[] = [];
    for (const { arrival, blame } of await inbox.leftOvers()) {
      if (suspected && blame >= TOO_MUCH) {
        const reason = 'its thread died of the device again and again while it was at this';
        await this.setAside(inbox, arrival, new Error(reason));
        continue;
      }
      if (suspected) await inbox.blame(arrival, READING);
      const recovered = await recover(arrival, self()).catch((error: Error) => error);
      if (recovered instanceof Error) {
        // One stanza that cannot be decoded must not keep the device from connecting.
        await this.setAside(inbox, arrival, recovered);
        continue;
      }
      if (suspected) await inbox.blame(arrival, TELLING - READING);
      const { drafts, whole, message } = recovered;
      log.info({ kind: arrival.node.tag, blame, events: drafts.length }, 'a stanza was left over');
      this.#tell(drafts, message);
      if (whole) facts.done(arrival.rows);
      else unseen.push(arrival);
      // What is done is out of the way before the next one is begun.
      if (suspected) await facts.stored();
    }
    return unseen;
  }

  /**
   * Baileys is through with a stanza. What it leaves out of it is told from the stanza itself, and a message that it
   * decrypted and did not tell from its plaintext.
   */
  async handled(arrival: Arrival): Promise<void> {
    const { facts, self, log } = this.#options;
    try {
      if (arrival.plaintexts.size > 0 && !arrival.told) {
        log.warn('Baileys did not tell a message that it had decrypted');
        const { drafts, message } = await recover(arrival, self());
        this.#tell(drafts, message);
      } else {
        facts.heard(heardOfChannels(arrival.node));
        facts.add(fromStanza(arrival.node, self()));
      }
    } catch (error) {
      arrival.spoiled = error instanceof Error ? error : new Error(String(error));
      return;
    }
    facts.done(arrival.rows);
  }

  /** Tells that there was a stanza of which nothing can be told, and moves it aside as it came. First the event: a crash in between repeats it, under the same id. */
  async setAside(inbox: Inbox, arrival: Arrival, failure: Error): Promise<void> {
    const { facts, log } = this.#options;
    log.error(
      { err: failure, kind: arrival.node.tag },
      'a stanza makes no sense; it is told and moved aside',
    );
    facts.add([fromPoison(arrival.node, failure.message, Date.now())]);
    await facts.stored();
    await inbox.setAside(arrival, failure.message);
  }

  #tell(drafts: readonly Told[], message: WAMessage | undefined): void {
    const { facts, beside } = this.#options;
    if (message) facts.heard({ 'messages.upsert': { messages: [message], type: 'append' } });
    facts.add([...drafts, ...(message && !isUnread(message) ? beside(message) : [])]);
  }
}
