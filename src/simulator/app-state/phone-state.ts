// App state as the phone has it: keys, a replica of every collection, and what was refused. The phone writes on the
// server's newest version and never waits, so it is never in conflict; its companions are.
import { proto } from '@whiskeysockets/baileys';
import type { Account } from '../accounts/accounts.ts';
import { rename } from '../accounts/rename.ts';
import { keepLast } from '../bounded.ts';
import { nonContactSalt, saltDelivery } from '../profile/non-contact.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { byCollection, mutationsOf, type PhoneAction, type RangeOf } from './actions.ts';
import { externalMutations, putBlob } from './blobs.ts';
import type { CollectionName } from './collections.ts';
import { KeyRing } from './key-ring.ts';
import { REMOVE, SET } from './macs.ts';
import { announcePatch } from './push.ts';
import { type Entry, type Mutation, type RefusalReason, Replica, Unverified } from './replica.ts';

/** A patch that the phone did not believe. */
export interface Refusal {
  readonly collection: CollectionName;
  /** The patch's version. */
  readonly version: number;
  readonly reason: RefusalReason;
}

const KEPT_REFUSALS = 100;
/** Far above what rotation makes of them: a companion must not fill the phone with keys. */
const MOST_KEYS = 500;
/** What one patch holds at most; more becomes several [guessed, whatsapp-rust splits far later]. */
const MUTATIONS_PER_PATCH = 250;
const MUTATIONS_PER_BLOB = 5_000;

export class PhoneAppState {
  readonly keys: KeyRing;
  readonly refusals: Refusal[] = [];
  readonly #world: World;
  readonly #account: Account;
  readonly #range: RangeOf;
  readonly #replicas = new Map<CollectionName, Replica>();

  /** `range` tells the last messages of a chat. */
  constructor(world: World, account: Account, range: RangeOf) {
    this.#world = world;
    this.#account = account;
    this.#range = range;
    this.keys = new KeyRing(account.rawId, () => world.clock.now());
  }

  /** The phone's copy of a collection, with everything in it that the server has. */
  replica(name: CollectionName): Replica {
    return this.catchUp(name);
  }

  entry(name: CollectionName, index: readonly string[]): Entry | undefined {
    return this.replica(name).entry(index);
  }

  /** Reads the patches that it has not seen. What does not verify is counted and left out. */
  catchUp(name: CollectionName): Replica {
    let replica = this.#replicas.get(name);
    if (!replica) {
      replica = new Replica(name, this.keys);
      this.#replicas.set(name, replica);
    }
    const collection = this.#world.appState.of(this.#account, name);
    for (const encoded of collection.after(replica.version, collection.version - replica.version)) {
      try {
        const patch = proto.SyncdPatch.decode(encoded);
        const { externalMutations: reference } = patch;
        const external = reference ? externalMutations(this.#world, reference) : undefined;
        const mutations = replica.read(patch, external);
        // What came from the state file had its effect before.
        if (replica.version > collection.kept) this.#heed(mutations);
      } catch (error) {
        if (!(error instanceof Unverified)) throw error;
        this.#refuse({ collection: name, version: replica.version, reason: error.reason });
      }
    }
    return replica;
  }

  /** The person does these things on the phone: one patch or more per collection. Throws {@link Refused}. */
  apply(actions: readonly PhoneAction[]): void {
    const now = this.#world.clock.now();
    const all = actions.flatMap(action => mutationsOf(action, this.#range, now));
    for (const [name, mutations] of byCollection(all)) {
      const missing = mutations.find(
        ({ operation, index }) => operation === REMOVE && !this.entry(name, index),
      );
      if (missing) throw new Refused(404, `there is no ${JSON.stringify(missing.index)} in ${name}`);
      const most = this.#world.sync.blobs ? MUTATIONS_PER_BLOB : MUTATIONS_PER_PATCH;
      for (const patch of portions(mutations, most)) this.#write(name, patch);
    }
  }

  /** Writes what every companion must find, where it is not there yet. */
  prepare(): void {
    this.ensurePushName();
    this.#ensureSalt();
  }

  /** The push name, in force under the key there is now (protocol.md 14). */
  ensurePushName(): void {
    const known = this.entry('critical_block', ['setting_pushName'])?.value.pushNameSetting?.name;
    if (known !== this.#account.name) this.apply([{ kind: 'pushName', name: this.#account.name }]);
  }

  /** What a companion makes tokens for strangers from, where it gets that as app state. */
  #ensureSalt(): void {
    if (!saltDelivery(this.#account).appState || this.entry('regular_high', ['nct_salt_sync'])) return;
    this.apply([{ kind: 'nonContactSalt', salt: nonContactSalt(this.#world, this.#account) }]);
  }

  /** A key that a companion made. What could not be read without it is read now. */
  learn(keys: readonly proto.Message.IAppStateSyncKey[]): void {
    const known = this.keys.all().length;
    for (const { keyId, keyData } of keys) {
      if (!keyId?.keyId?.length || keyData?.keyData?.length !== 32) continue;
      if (this.keys.all().length >= MOST_KEYS) break;
      const data = proto.Message.AppStateSyncKeyData.encode(keyData).finish();
      this.keys.add({ id: Buffer.from(keyId.keyId), data: Buffer.from(data) });
    }
    if (this.keys.all().length === known) return;
    this.#replicas.clear();
    this.#world.changed();
  }

  /** These collections are empty again, under a new key. */
  startOver(names: readonly CollectionName[]): void {
    this.keys.rotate([0]);
    for (const name of names) {
      this.#world.appState.forget(this.#account, name);
      this.#replicas.delete(name);
    }
    this.#world.changed();
  }

  #write(name: CollectionName, mutations: readonly Mutation[]): void {
    const replica = this.catchUp(name);
    const phone = this.#account.devices.get(0)!;
    const collection = this.#world.appState.of(this.#account, name);
    const patch = replica.write(mutations, this.keys.current);
    const encoded = proto.SyncdPatch.encode(this.#outsourced(patch)).finish();
    collection.push(replica.version, encoded);
    this.catchUp(name);
    announcePatch(this.#world, this.#account, name, phone);
  }

  /** A large patch has its mutations in a blob. */
  #outsourced(patch: proto.ISyncdPatch): proto.ISyncdPatch {
    const { mutations, ...rest } = patch;
    const { blobs, externalMutations: limit } = this.#world.sync;
    if (!blobs || !mutations || mutations.length <= limit) return patch;
    return {
      ...rest,
      externalMutations: putBlob(this.#world, proto.SyncdMutations.encode({ mutations }).finish()),
    };
  }

  /** The phone does what a companion's change means outside of app state: its name, and its address book. */
  #heed(mutations: readonly Mutation[]): void {
    const { accounts, profiles } = this.#world;
    const book = new Set(profiles.of(this.#account).contacts);
    const before = [...book];
    for (const { operation, index, value } of mutations) {
      const name = operation === SET ? value.pushNameSetting?.name : undefined;
      if (name) rename(this.#world, this.#account, name);
      const contact = index[0] === 'contact' ? accounts.byJid(index[1]) : undefined;
      if (contact && operation === SET) book.add(contact);
      else if (contact) book.delete(contact);
    }
    if (before.length !== book.size || before.some(one => !book.has(one)))
      profiles.setContacts(this.#account, book);
  }

  #refuse(refusal: Refusal): void {
    keepLast(this.refusals, refusal, KEPT_REFUSALS);
    this.#world.ledger.totals.appStateRefused++;
  }
}

/** Cuts a list into patches; within one an index comes once, since twice is fatal for WA Web. */
function* portions(mutations: readonly Mutation[], most: number): Generator<Mutation[]> {
  let portion = new Map<string, Mutation>();
  for (const mutation of mutations) {
    const index = JSON.stringify(mutation.index);
    if (portion.has(index) || portion.size >= most) {
      yield [...portion.values()];
      portion = new Map();
    }
    portion.set(index, mutation);
  }
  if (portion.size > 0) yield [...portion.values()];
}
