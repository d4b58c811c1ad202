// A whole collection at once. The server makes it without a key: the records are those that the patches left, and the MAC
// over all of them is the one that the last patch brought (protocol.md 13).
import { proto } from '@whiskeysockets/baileys';
import type { World } from '../world.ts';
import { externalMutations, putBlob } from './blobs.ts';
import type { Collection } from './collections.ts';
import { REMOVE } from './macs.ts';

/** Where the snapshot of the newest version lies, encoded; undefined when there is nothing to make one of. */
export function snapshotOf(world: World, collection: Collection): Uint8Array | undefined {
  const known = collection.snapshot;
  if (known?.version === collection.version && world.media.find(known.directPath)) return known.reference;
  const snapshot = build(world, collection);
  if (!snapshot) return undefined;
  const blob = putBlob(world, proto.SyncdSnapshot.encode(snapshot).finish());
  const reference = proto.ExternalBlobReference.encode(blob).finish();
  collection.snapshot = { version: collection.version, directPath: blob.directPath ?? '', reference };
  return reference;
}

function build(world: World, collection: Collection): proto.ISyncdSnapshot | undefined {
  const records = new Map<string, proto.ISyncdRecord>();
  let last: proto.ISyncdPatch | undefined;
  for (const encoded of collection.after(0, collection.version)) {
    const patch = proto.SyncdPatch.decode(encoded);
    const external = patch.externalMutations ? externalMutations(world, patch.externalMutations) : [];
    if (!external) return undefined;
    for (const { operation, record } of [...patch.mutations, ...external]) {
      const index = Buffer.from(record?.index?.blob ?? []).toString('base64');
      records.delete(index);
      if (operation !== REMOVE && record) records.set(index, record);
    }
    last = patch;
  }
  if (!last) return undefined;
  return {
    version: { version: collection.version },
    records: [...records.values()],
    mac: last.snapshotMac ?? null,
    keyId: last.keyId ?? null,
  };
}
