// What the server keeps of app state: per account and collection the patches in order. It cannot read them, as the real
// one cannot; it numbers them, and hands them out again (protocol.md 13).
import { proto } from '@whiskeysockets/baileys';
import type { Account, Device } from '../accounts/accounts.ts';
import type { BinaryNode } from '../wire/stanza.ts';

/** In the order in which clients fetch them: what blocks the start comes first (Baileys ALL_WA_PATCH_NAMES). */
export const COLLECTIONS = [
  'critical_block',
  'critical_unblock_low',
  'regular_high',
  'regular_low',
  'regular',
] as const;

export type CollectionName = (typeof COLLECTIONS)[number];

export function isCollectionName(name: string | undefined): name is CollectionName {
  return (COLLECTIONS as readonly (string | undefined)[]).includes(name);
}

/** Above what any client makes in one patch; more goes into a blob of its own (external mutations). */
const MAX_PATCH_BYTES = 512 * 1024;
/** Per collection: a client that loops must not take the server's memory. A patch of one mutation has about 300 bytes. */
const MAX_COLLECTION_BYTES = 64 * 1024 * 1024;

/** Why a patch was not taken. The numbers are what clients tell apart: 409 try again on top, 400 start over, others later. */
export class PatchRefused extends Error {
  override readonly name = 'PatchRefused';
  readonly code: 400 | 409 | 429;

  constructor(code: 400 | 409 | 429) {
    super(`patch refused: ${code}`);
    this.code = code;
  }
}

/** One collection of one account. Version n is the state after patch n; the first patch is 1. */
export class Collection {
  readonly name: CollectionName;
  /** The last one that was made, and where it lies. */
  snapshot:
    | { readonly version: number; readonly directPath: string; readonly reference: Uint8Array }
    | undefined;
  /** How many of the patches came from a state file. */
  kept = 0;
  readonly #patches: Uint8Array[] = [];
  #bytes = 0;

  constructor(name: CollectionName) {
    this.name = name;
  }

  get version(): number {
    return this.#patches.length;
  }

  /** Encoded patches after `version`, oldest first, at most `count`. */
  after(version: number, count: number): readonly Uint8Array[] {
    return this.#patches.slice(version, version + count);
  }

  /** Takes a client's encoded patch on top of `base` and returns the new version. Throws {@link PatchRefused}. */
  push(base: number, patch: Uint8Array): number {
    if (base > this.version) throw new PatchRefused(400);
    if (base < this.version) throw new PatchRefused(409);
    if (patch.length > MAX_PATCH_BYTES || !isPatch(patch)) throw new PatchRefused(400);
    if (this.#bytes + patch.length > MAX_COLLECTION_BYTES) throw new PatchRefused(429);
    this.restore(numbered(patch, base + 1));
    return this.version;
  }

  /** Adds a patch that was kept, number inside. */
  restore(patch: Uint8Array): void {
    this.#patches.push(patch);
    this.#bytes += patch.length;
  }
}

/** All collections of all accounts; made when first asked for. */
export class AppState {
  readonly #byAccount = new WeakMap<Account, Map<CollectionName, Collection>>();
  readonly #told = new WeakMap<Device, Map<CollectionName, BinaryNode>>();

  of(account: Account, name: CollectionName): Collection {
    let collections = this.#byAccount.get(account);
    if (!collections) {
      collections = new Map();
      this.#byAccount.set(account, collections);
    }
    let collection = collections.get(name);
    if (!collection) {
      collection = new Collection(name);
      collections.set(name, collection);
    }
    return collection;
  }

  /** The collection begins again at version 0. */
  forget(account: Account, name: CollectionName): void {
    this.#byAccount.get(account)?.delete(name);
  }

  /** The last notification that this device was sent about a collection. */
  told(device: Device, name: CollectionName): BinaryNode | undefined {
    return this.#told.get(device)?.get(name);
  }

  tell(device: Device, name: CollectionName, notification: BinaryNode): void {
    const known = this.#told.get(device);
    if (known) known.set(name, notification);
    else this.#told.set(device, new Map([[name, notification]]));
  }

  /** The collections of an account that have something in them. */
  *filled(account: Account): Generator<Collection> {
    for (const collection of this.#byAccount.get(account)?.values() ?? []) {
      if (collection.version > 0) yield collection;
    }
  }
}

// The version goes inside the patch: Baileys numbers all patches without one the same (protocol.md 13). Appended, since a
// protobuf field that comes twice is merged, so fields that we do not know stay as the client wrote them.
function numbered(patch: Uint8Array, version: number): Uint8Array {
  return Buffer.concat([patch, proto.SyncdPatch.encode({ version: { version } }).finish()]);
}

/** Whether these bytes have what every reader of a patch relies on; whether they are true, only key holders can say. */
function isPatch(bytes: Uint8Array): boolean {
  let patch: proto.SyncdPatch;
  try {
    patch = proto.SyncdPatch.decode(bytes);
  } catch {
    return false;
  }
  if (!patch.snapshotMac?.length || !patch.patchMac?.length || !patch.keyId?.id?.length) return false;
  if (patch.mutations.length === 0 && !patch.externalMutations) return false;
  return patch.mutations.every(isMutation);
}

/** The index is a 32-byte MAC; the value ends with one, after an IV and at least one block. */
export function isMutation({ record }: proto.ISyncdMutation): boolean {
  return (
    record?.index?.blob?.length === 32 &&
    (record.value?.blob?.length ?? 0) >= 64 &&
    (record.keyId?.id?.length ?? 0) > 0
  );
}
