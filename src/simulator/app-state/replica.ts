// A key holder's copy of one collection: reads patches and believes nothing that does not verify, and writes patches
// that the strictest client accepts (whatsmeow appstate/decode.go, whatsapp-rust wacore/appstate/src/processor.rs).
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { bytesField } from '../wire/protobuf-field.ts';
import { type CollectionName, isMutation } from './collections.ts';
import type { AppStateKey, KeyRing } from './key-ring.ts';
import {
  EMPTY_HASH,
  indexMac,
  MAC_BYTES,
  type Operation,
  patchMac,
  REMOVE,
  SET,
  snapshotMac,
  updatedHash,
  valueMac,
} from './macs.ts';

/** `value` of SyncActionData. */
const VALUE_FIELD = 2;

/** One fact of app state: `["pin_v1", "…@lid"]` and what is so. */
export interface Action {
  /** Kind first, then what it is about. */
  readonly index: readonly string[];
  readonly value: proto.ISyncActionValue;
  /** The number that belongs to the kind of action (`pin_v1` 5, …). */
  readonly version: number;
}

export interface Mutation extends Action {
  readonly operation: Operation;
  /** Encoded fields of the value that Baileys' schema does not have; written, and not read back. */
  readonly more?: Uint8Array;
}

export interface Entry extends Action {
  readonly indexMac: Buffer;
  readonly valueMac: Buffer;
  readonly keyId: Buffer;
}

export type RefusalReason =
  | 'malformed'
  | 'missing-blob'
  | 'missing-key'
  | 'patch-mac'
  | 'value-mac'
  | 'index-mac'
  | 'duplicate-index'
  | 'snapshot-mac';

/** A patch that a key holder must not believe. */
export class Unverified extends Error {
  override readonly name = 'Unverified';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason) {
    super(`app state: ${reason}`);
    this.reason = reason;
  }
}

export class Replica {
  readonly name: CollectionName;
  readonly #keys: KeyRing;
  #version = 0;
  #hash: Buffer = EMPTY_HASH;
  readonly #entries = new Map<string, Entry>();
  /** By index in plain: one fact has a MAC per key, and may have been written with several. */
  readonly #latest = new Map<string, Entry>();

  constructor(name: CollectionName, keys: KeyRing) {
    this.name = name;
    this.#keys = keys;
  }

  get version(): number {
    return this.#version;
  }

  /** 128 bytes: the same in every device that read the same patches. */
  get hash(): Buffer {
    return this.#hash;
  }

  /** What is so, oldest first. */
  entries(): IterableIterator<Entry> {
    return this.#latest.values();
  }

  entry(index: readonly string[]): Entry | undefined {
    return this.#latest.get(JSON.stringify(index));
  }

  /**
   * Applies the patch of the next version and returns what it changed. Throws {@link Unverified} for one that does not
   * hold: nothing of it is applied, and the version moves on, as clients do that skip a patch (Baileys decodePatches).
   * `external` are the mutations that it has in a blob, where it has one.
   */
  read(patch: proto.ISyncdPatch, external?: readonly proto.ISyncdMutation[]): Mutation[] {
    const version = this.#version + 1;
    this.#version = version;
    if (patch.externalMutations && !external) throw new Unverified('missing-blob');
    const mutations = [...(patch.mutations ?? []), ...(external ?? [])];
    const keys = this.#keys.derived(patch.keyId?.id ?? EMPTY_HASH);
    if (!keys) throw new Unverified('missing-key');
    if (!mutations.every(isMutation)) throw new Unverified('malformed');
    const macs = mutations.map(({ record }) => record!.value!.blob!.subarray(-MAC_BYTES));
    const claimed = patch.snapshotMac ?? EMPTY_HASH;
    // First the one that only a key holder can have made; the others say what is wrong with a key holder's patch.
    if (!same(patchMac(keys, claimed, macs, version, this.name), patch.patchMac)) {
      throw new Unverified('patch-mac');
    }
    const opened = mutations.map(mutation => this.#open(mutation));
    const hash = this.#hashAfter(opened);
    if (!same(snapshotMac(keys, hash, version, this.name), claimed)) {
      throw new Unverified('snapshot-mac');
    }
    this.#commit(hash, opened);
    return opened.map(({ entry, operation }) => ({ ...entry, operation }));
  }

  /**
   * Makes the patch that brings these mutations about on top of this version. The replica does not change: it
   * reads the patch back like everybody else's. An index must not come twice.
   */
  write(mutations: readonly Mutation[], key: AppStateKey): proto.ISyncdPatch {
    const sealed = mutations.flatMap(mutation => {
      const known = this.entry(mutation.index);
      const old = known && !known.keyId.equals(key.id) ? this.#keys.get(known.keyId) : undefined;
      const own = this.#seal(mutation, mutation.operation === REMOVE && old ? old : key);
      if (!old || mutation.operation === REMOVE) return [own];
      // Under another key the fact has another index MAC: the old record would stay for ever. Gone first, then set
      // again, because clients that collect a patch by index keep the last (Baileys mutationMap).
      return [this.#seal({ ...mutation, value: {}, operation: REMOVE }, old), own];
    });
    const keys = this.#keys.derived(key.id)!;
    const version = this.#version + 1;
    const snapshot = snapshotMac(keys, this.#hashAfter(sealed), version, this.name);
    const macs = sealed.map(({ entry }) => entry.valueMac);
    return {
      mutations: sealed.map(({ mutation }) => mutation),
      snapshotMac: snapshot,
      patchMac: patchMac(keys, snapshot, macs, version, this.name),
      keyId: { id: key.id },
    };
  }

  #open(mutation: proto.ISyncdMutation): Opened {
    const operation = mutation.operation ?? SET;
    const keyId = Buffer.from(mutation.record!.keyId!.id!);
    const keys = this.#keys.derived(keyId);
    if (!keys) throw new Unverified('missing-key');
    const blob = mutation.record!.value!.blob!;
    const encrypted = blob.subarray(0, -MAC_BYTES);
    const mac = Buffer.from(blob.subarray(-MAC_BYTES));
    if (!same(valueMac(keys, operation, keyId, encrypted), mac)) throw new Unverified('value-mac');
    const { index, action } = decrypt(keys.encryption, encrypted);
    const ofIndex = Buffer.from(mutation.record!.index!.blob!);
    if (!same(indexMac(keys, index), ofIndex)) throw new Unverified('index-mac');
    return { mutation, operation, entry: { ...action, indexMac: ofIndex, valueMac: mac, keyId } };
  }

  #seal(wanted: Mutation, key: AppStateKey): Opened {
    const keys = this.#keys.derived(key.id)!;
    const index = Buffer.from(JSON.stringify(wanted.index));
    const padding = randomBytes(1 + (randomBytes(1)[0]! & 15));
    const plain = Buffer.concat([
      proto.SyncActionData.encode({ index, padding, version: wanted.version }).finish(),
      bytesField(VALUE_FIELD, valueBytes(wanted)),
    ]);
    const iv = randomBytes(16);
    const cipher = createCipheriv('aes-256-cbc', keys.encryption, iv);
    const encrypted = Buffer.concat([iv, cipher.update(plain), cipher.final()]);
    const mac = valueMac(keys, wanted.operation, key.id, encrypted);
    const ofIndex = indexMac(keys, index);
    const record = {
      index: { blob: ofIndex },
      value: { blob: Buffer.concat([encrypted, mac]) },
      keyId: { id: key.id },
    };
    const { operation } = wanted;
    const entry = { ...wanted, indexMac: ofIndex, valueMac: mac, keyId: key.id };
    return { mutation: { operation, record }, operation, entry };
  }

  /** The hash after these mutations. */
  #hashAfter(opened: readonly Opened[]): Buffer {
    const gone: Buffer[] = [];
    const come: Buffer[] = [];
    const seen = new Set<string>();
    for (const { operation, entry } of opened) {
      const name = entry.indexMac.toString('base64');
      // WA Web calls the same index twice in one patch fatal, per operation (whatsapp-rust processor.rs).
      if (seen.has(`${operation}/${name}`)) throw new Unverified('duplicate-index');
      seen.add(`${operation}/${name}`);
      const before = this.#entries.get(name);
      if (before) gone.push(before.valueMac);
      if (operation === SET) come.push(entry.valueMac);
    }
    return updatedHash(this.#hash, gone, come);
  }

  #commit(hash: Buffer, opened: readonly Opened[]): void {
    this.#hash = hash;
    for (const { operation, entry } of opened) {
      const name = entry.indexMac.toString('base64');
      const plain = JSON.stringify(entry.index);
      this.#entries.delete(name);
      if (operation === REMOVE) {
        if (this.#latest.get(plain)?.indexMac.equals(entry.indexMac)) this.#latest.delete(plain);
        continue;
      }
      this.#entries.set(name, entry);
      this.#latest.delete(plain); // so that it comes last
      this.#latest.set(plain, entry);
    }
  }
}

interface Opened {
  readonly mutation: proto.ISyncdMutation;
  readonly operation: Operation;
  readonly entry: Entry;
}

function valueBytes({ value, more }: Mutation): Buffer {
  return Buffer.concat([proto.SyncActionValue.encode(value).finish(), more ?? Buffer.alloc(0)]);
}

function decrypt(key: Buffer, encrypted: Uint8Array): { index: Uint8Array; action: Action } {
  try {
    const decipher = createDecipheriv('aes-256-cbc', key, encrypted.subarray(0, 16));
    const plain = Buffer.concat([decipher.update(encrypted.subarray(16)), decipher.final()]);
    const { index, value, version } = proto.SyncActionData.decode(plain);
    const names: unknown = JSON.parse(Buffer.from(index ?? []).toString());
    if (!index || !Array.isArray(names) || !names.every(one => typeof one === 'string')) {
      throw new Unverified('malformed');
    }
    return { index, action: { index: names, value: value ?? {}, version: version ?? 0 } };
  } catch (error) {
    // Under a MAC that holds, only a key holder can have written this.
    throw error instanceof Unverified ? error : new Unverified('malformed');
  }
}

function same(ours: Buffer, theirs: Uint8Array | null | undefined): boolean {
  return theirs != null && ours.equals(theirs);
}
