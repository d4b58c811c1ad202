// The world of the state machine: one device of ours on a real database, peers in memory, a group, and a wire that
// keeps what is not confirmed. Receiving and sending take the steps of arrivals.ts and outgoing.ts, in their order.
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { AuthenticationCreds, BinaryNode } from '@whiskeysockets/baileys';
import { Inbox } from '../../src/device/receiving/inbox.ts';
import {
  decodeCredentials,
  encodeCredentials,
  freshCredentials,
} from '../../src/device/signal/credentials.ts';
import { DeviceKeys } from '../../src/device/signal/keys.ts';
import { makeRepository } from '../../src/device/signal/repository.ts';
import { Undecryptable } from '../../src/device/signal/undecryptable.ts';
import { KeyVault } from '../../src/device/signal/vault.ts';
import { identified, openedBody } from '../../src/journal/event.ts';
import { Journal } from '../../src/journal/journal.ts';
import type { Seat } from '../../src/shard/protocol.ts';
import { readKeyUse } from '../../src/simulator/ledger/ciphertext.ts';
import { readCredentials } from '../../src/store/credentials.ts';
import type { Sql } from '../../src/store/database.ts';
import { unacknowledged } from '../../src/store/outgoing.ts';
import { places } from '../../src/store/places.ts';
import { hear, introduce, makePeer, memoryKeys, type Peer, quiet } from './signal.ts';
import { around, deviceStore, isRead } from './store.ts';

export const GROUP = '120363000000000001@g.us';
/** Where the process may die, between two steps whose order matters. */
export type Deadly = 'after commit' | 'after receipt' | 'after wire' | 'after journal';

/** What a peer wrote, on its way to us until it is confirmed. */
export interface Letter {
  readonly id: string;
  readonly from: Peer;
  readonly text: string;
  node: BinaryNode;
}

class Killed extends Error {}

interface Said {
  readonly text?: string;
  /** A sender key. */
  readonly key?: string;
}
const said = (what: Said) => Buffer.from(JSON.stringify(what));

export class Machine {
  readonly peers: Peer[];
  /** Not confirmed yet, in the order in which they came to the server. */
  readonly queue: Letter[] = [];
  /** Texts that peers wrote, and those that we were told are queued, by id. */
  readonly wrote = new Map<string, string>();
  readonly promised = new Map<string, string>();
  /** What each peer heard of us, by id. */
  readonly heard = new Map<Peer, Map<string, string>>();
  /** What broke, for the assertion at the end of a step. */
  readonly broken: string[] = [];
  die: Deadly | undefined;
  /** The next write to the database fails, before or after it was carried out. */
  failing: 'before' | 'after' | undefined;
  #ours!: { keys: DeviceKeys; peer: Peer; inbox: Inbox; journal: Journal; creds: AuthenticationCreds };
  #count = 0;
  readonly #sql: Sql;
  readonly #no: number;
  readonly #owner = randomUUID();
  readonly #used = new Map<string, string>();
  readonly #preKeys = new Map<number, string>();
  readonly #memory = new Set<Peer>();
  readonly #given = new Map<Peer, boolean>();
  readonly #keyLost = new Set<Peer>();

  private constructor(sql: Sql, seat: Seat, peers: number) {
    this.#sql = sql;
    this.#no = seat.no;
    // Not stock libsignal: when two begin a session at once it fails by itself, against its own kind in 45 of 200 walks.
    this.peers = Array.from({ length: peers }, (_, n) => {
      const keys = memoryKeys();
      return makePeer(`${2000 + n}:1@lid`, keys, makeRepository(keys));
    });
    for (const peer of this.peers) this.heard.set(peer, new Map());
  }

  static async make(t: TestContext, peers: number): Promise<Machine> {
    const store = await deviceStore(t);
    const machine = new Machine(store.sql, await store.seat(), peers);
    await machine.rebuild();
    await machine.#ours.keys.saveCredentials();
    for (const peer of machine.peers) await machine.begin(peer, true);
    return machine;
  }

  /** The process is gone and another one has the device: nothing is left but the database. */
  async rebuild(): Promise<void> {
    this.die = undefined;
    this.failing = undefined;
    this.#memory.clear();
    const [row] = await this.#sql<[{ epoch: number; id: string }]>`
      update device set owner = ${this.#owner}, epoch = epoch + 1 where no = ${this.#no} returning epoch, id`;
    const seat: Seat = { no: this.#no, key: new Uint8Array(32), ...row };
    const sql = around(this.#sql, async (statement, run) => {
      const how = isRead(statement) ? undefined : this.failing;
      if (how === undefined) return run();
      this.failing = undefined;
      if (how === 'after') await run();
      throw Object.assign(new Error('the connection is lost'), { code: 'CONNECTION_CLOSED' });
    });
    const vault = new KeyVault({ sql, owner: this.#owner, cacheBytes: 1 << 16, log: quiet });
    let creds = freshCredentials();
    const keys = new DeviceKeys({
      ...{ vault, seat, onFailure: () => {} },
      credentials: () => encodeCredentials(creds),
    });
    const stored = (await readCredentials(this.#sql, [this.#no])).get(this.#no);
    if (stored) creds = decodeCredentials(keys.seal.open(places.credentials(this.#no), stored));
    const inbox = new Inbox({ sql, owner: this.#owner, keys, log: quiet });
    const peer = makePeer(`${1000 + this.#no}:1@lid`, keys, makeRepository(keys, inbox), creds);
    this.#ours = { keys, peer, inbox, creds, journal: new Journal({ sql, owner: this.#owner }) };
    await this.#survive(async () => {
      for (const { arrival } of await inbox.leftOvers()) await this.#take(arrival.node, arrival);
      for (const { id, chat, message } of await unacknowledged(this.#sql, this.#no))
        await this.#wire(id, chat, keys.seal.open(places.outgoing(this.#no, id), message).toString());
    });
  }

  /** Another node takes the device; ours finds out at its next write. */
  async loseLease(): Promise<void> {
    await this.#sql`update device set owner = ${randomUUID()}, epoch = epoch + 1 where no = ${this.#no}`;
  }

  /** In good order: everything that was begun ends first. */
  async restart(): Promise<void> {
    await this.#ours.keys.settled();
    await this.rebuild();
  }

  /** A peer has a new session with us, from a bundle with or without a one-time pre-key. */
  begin(peer: Peer, oneTime: boolean): Promise<void> {
    return this.#survive(async () => {
      const { peer: ours, creds } = this.#ours;
      const id = creds.nextPreKeyId;
      await introduce(peer, ours, { oneTime });
      if (!oneTime) return;
      const { [id]: pair } = await this.#ours.keys.get('pre-key', [`${id}`]);
      const now = Buffer.from(pair?.public ?? []).toString('base64');
      const before = this.#preKeys.get(id);
      if (before !== undefined && before !== now) this.broken.push(`pre-key ${id} is two keys`);
      this.#preKeys.set(id, now);
    });
  }

  /** We fetch a bundle of a peer anew, as for a retry. What is on its way in the session before must still be readable. */
  renew(peer: Peer): Promise<void> {
    return this.#survive(() => introduce(this.#ours.peer, peer));
  }

  async write(peer: Peer, group: boolean): Promise<void> {
    const id = `IN${++this.#count}`;
    const text = `in ${this.#count}`;
    this.wrote.set(id, text);
    this.queue.push({ id, from: peer, text, node: await this.#seal(peer, id, text, group) });
  }

  send(chat: Peer | typeof GROUP): Promise<void> {
    return this.#survive(async () => {
      const id = `OUT${++this.#count}`;
      const text = `out ${this.#count}`;
      const to = typeof chat === 'string' ? chat : chat.jid;
      await this.#ours.keys.queue({ id, chat: to, message: Buffer.from(text) });
      this.promised.set(id, text);
      await this.#wire(id, to, text);
    });
  }

  /** A letter reaches us; it stays in the queue until we have confirmed it. A spoiled one is asked for again. */
  receive(index: number, { spoiled = false } = {}): Promise<void> {
    const letter = this.queue[index];
    if (!letter) return Promise.resolve();
    return this.#survive(async () => {
      try {
        await this.#take(spoiled ? damaged(letter.node) : letter.node, undefined, () => {
          const at = this.queue.indexOf(letter);
          if (at >= 0) this.queue.splice(at, 1);
        });
      } catch (error) {
        if (!(error instanceof Undecryptable)) throw error;
        const group = letter.node.attrs.participant !== undefined;
        if (spoiled && group) this.#keyLost.add(letter.from);
        // Its key comes again as it stands then: what was said before that is asked for again too.
        const before = error.reason === 'no_sender_key' && this.#keyLost.has(letter.from);
        if (!spoiled && !before) this.broken.push(`${letter.id} does not decrypt: ${error.message}`);
        await introduce(letter.from, this.#ours.peer);
        this.#given.set(letter.from, false);
        letter.node = await this.#seal(letter.from, letter.id, letter.text, group);
      }
    });
  }

  /** Numbers of the journal, and the texts in it in order. */
  async journal(): Promise<{ seqs: number[]; last: number; texts: string[] }> {
    const rows = await this.#sql<Parameters<typeof openedBody>[0][]>`
      select device_no as "deviceNo", seq, id, event, jid, at, payload from journal
       where device_no = ${this.#no} order by seq`;
    const [{ last }] = await this.#sql<
      [{ last: number }]
    >`select last_seq as last from device where no = ${this.#no}`;
    const texts = rows.map(
      row => JSON.parse(openedBody(row, '', this.#ours.keys.seal)).payload.body as string,
    );
    return { seqs: rows.map(({ seq }) => seq), last, texts };
  }

  /** What the store does to us ends this process: nothing may leave it any more. Everything else is a bug. */
  async #survive(work: () => Promise<void>): Promise<void> {
    const { keys } = this.#ours;
    try {
      await work();
      if (!keys.failure) return;
    } catch (error) {
      if (!keys.failure && !(error instanceof Killed) && !lost(error)) throw error;
    }
    await this.rebuild();
  }

  #passing(point: Deadly): void {
    if (this.die !== point) return;
    this.die = undefined;
    throw new Killed(point);
  }

  async #take(node: BinaryNode, again?: ReturnType<Inbox['arrival']>, confirm = () => {}): Promise<void> {
    const { inbox, peer: ours, journal, keys } = this.#ours;
    const arrival = again ?? inbox.arrival(node);
    const { id = '', from = '', participant } = node.attrs;
    const authorJid = participant ?? from;
    let text: string | undefined;
    for (const { attrs, content } of node.content as BinaryNode[]) {
      const ciphertext = content as Uint8Array;
      const type = attrs.type as 'msg' | 'pkmsg' | 'skmsg';
      const plaintext =
        type === 'skmsg'
          ? await ours.repository.decryptGroupMessage({ group: from, authorJid, msg: ciphertext })
          : await ours.repository.decryptMessage({ jid: authorJid, type, ciphertext });
      // What is in the journal already comes back as a message without content, which is no JSON.
      const what: Said = plaintext[0] !== 0x7b ? {} : JSON.parse(Buffer.from(plaintext).toString());
      if (what.key !== undefined) {
        const item = { groupId: GROUP, axolotlSenderKeyDistributionMessage: Buffer.from(what.key, 'base64') };
        await ours.repository.processSenderKeyDistributionMessage({ item, authorJid });
      }
      text = what.text ?? text;
    }
    this.#passing('after commit');
    confirm();
    this.#passing('after receipt');
    const payload = { id, body: text };
    const fact = { event: 'message' as const, at: 1, payload, identity: `${authorJid} ${id}` };
    const facts = text === undefined ? [] : [identified(this.#no, fact)];
    const writer = { ...keys.seat, jid: '', seal: keys.seal };
    await journal.write(writer, { facts, done: arrival.rows, steps: [] });
    this.#passing('after journal');
  }

  async #wire(id: string, chat: string, text: string): Promise<void> {
    const { peer: ours, journal, keys } = this.#ours;
    const { repository, jid } = ours;
    const out: (() => Promise<void>)[] = [];
    const to = async (peer: Peer, what: Said) => {
      // As Baileys does before it sends (assertSessions).
      if (!(await repository.validateSession(peer.jid)).exists) await introduce(ours, peer);
      const sealed = await repository.encryptMessage({ jid: peer.jid, data: said(what) });
      this.#use(sealed.type, sealed.ciphertext, id);
      out.push(() => this.#hears(peer, id, async () => JSON.parse(await hear(peer, ours, sealed))));
    };
    if (chat === GROUP) {
      const { ciphertext, senderKeyDistributionMessage: key } = await repository.encryptGroupMessage({
        ...{ group: GROUP, meId: jid, data: said({ text }) },
      });
      this.#use('skmsg', ciphertext, id);
      for (const peer of this.peers) {
        if (!this.#memory.has(peer)) await to(peer, { key: Buffer.from(key).toString('base64') });
        const open = () =>
          peer.repository.decryptGroupMessage({ group: GROUP, authorJid: jid, msg: ciphertext });
        out.push(() => this.#hears(peer, id, async () => JSON.parse(Buffer.from(await open()).toString())));
      }
      for (const deliver of out) await deliver();
      for (const peer of this.peers) this.#memory.add(peer);
    } else {
      await to(this.peers.find(peer => peer.jid === chat) as Peer, { text });
      for (const deliver of out) await deliver();
    }
    this.#passing('after wire');
    const steps = [{ id, state: 'server_ack' as const }];
    await journal.write({ ...keys.seat, jid: '', seal: keys.seal }, { facts: [], done: [], steps });
  }

  /** A phone that knows the id passes over what it cannot read, as phones do. */
  async #hears(peer: Peer, id: string, read: () => Promise<Said>): Promise<void> {
    const { jid } = this.#ours.peer;
    try {
      const { text, key } = await read();
      if (text !== undefined) this.heard.get(peer)?.set(id, text);
      if (key === undefined) return;
      const item = { groupId: GROUP, axolotlSenderKeyDistributionMessage: Buffer.from(key, 'base64') };
      await peer.repository.processSenderKeyDistributionMessage({ item, authorJid: jid });
    } catch (error) {
      this.broken.push(`${peer.jid} cannot read ${id}: ${(error as Error).message}`);
    }
  }

  #use(type: string, ciphertext: Uint8Array, id: string): void {
    const use = readKeyUse(type, ciphertext);
    if (!use) return void this.broken.push(`${id} is no Signal message`);
    const key = `${use.type === 'skmsg' ? 'group' : ''} ${use.chain} ${use.counter}`;
    const before = this.#used.get(key);
    if (before !== undefined && before !== use.mac) this.broken.push(`${id} uses a key again: ${key}`);
    this.#used.set(key, use.mac);
  }

  async #seal(peer: Peer, id: string, text: string, group: boolean): Promise<BinaryNode> {
    const ours = this.#ours.peer;
    const direct = async (what: Said) => {
      const { type, ciphertext } = await peer.repository.encryptMessage({ jid: ours.jid, data: said(what) });
      return enc(type, ciphertext);
    };
    if (!group)
      return { tag: 'message', attrs: { id, from: peer.jid, t: '1' }, content: [await direct({ text })] };
    const { ciphertext, senderKeyDistributionMessage: key } = await peer.repository.encryptGroupMessage({
      ...{ group: GROUP, meId: peer.jid, data: said({ text }) },
    });
    const first = this.#given.get(peer) ? [] : [await direct({ key: Buffer.from(key).toString('base64') })];
    this.#given.set(peer, true);
    const attrs = { id, from: GROUP, participant: peer.jid, t: '1' };
    return { tag: 'message', attrs, content: [...first, enc('skmsg', ciphertext)] };
  }
}

const enc = (type: string, content: Uint8Array): BinaryNode => ({
  tag: 'enc',
  attrs: { type, v: '2' },
  content,
});

function damaged(node: BinaryNode): BinaryNode {
  const content = (node.content as BinaryNode[]).map(part => {
    const bytes = Buffer.from(part.content as Uint8Array);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 12) ^ 1, bytes.length - 12);
    return { ...part, content: bytes };
  });
  return { ...node, content };
}

/** The store's failures, as they come to whoever wrote. */
function lost(error: unknown): boolean {
  const { code, name } = error as { code?: string; name?: string };
  return code === 'STORE_UNAVAILABLE' || code === 'CONNECTION_CLOSED' || name === 'Fenced';
}
