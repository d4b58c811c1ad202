// xmlns `w:sync:app:state`: a client fetches what is newer than it has, or pushes a patch on top (protocol.md 13;
// Baileys Socket/chats.ts resyncAppState and appPatch, whatsmeow appstate.go).
import type { Device } from '../accounts/accounts.ts';
import { type Answer, type ErrorCode, errorNode, IqError, type Later } from '../stanzas/request.ts';
import { attr, type BinaryNode, bytes, children, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { type Collection, isCollectionName, PatchRefused } from './collections.ts';
import { announcePatch } from './push.ts';
import { snapshotOf } from './snapshot.ts';

/** How many patches one answer holds; a client asks again while `has_more_patches` says so [the real number is unknown]. */
const PATCHES_PER_ANSWER = 100;
/** There are five collections; a client asks for each once. */
const MAX_ASKED = 16;

const sync: Answer = ({ world, device, content, after }) => {
  const asked = children(content, 'collection');
  if (content?.tag !== 'sync' || asked.length > MAX_ASKED) throw new IqError(400);
  return [
    node(
      'sync',
      {},
      asked.map(one => answerOne(world, device, one, after)),
    ),
  ];
};

function answerOne(world: World, device: Device, asked: BinaryNode, after: Later): BinaryNode {
  const name = attr(asked, 'name');
  if (!isCollectionName(name)) return failed(name, 404);
  // whatsmeow leaves the version out when it wants everything.
  const version = Number(asked.attrs.version ?? 0);
  if (!Number.isSafeInteger(version) || version < 0) return failed(name, 400);
  const collection = world.appState.of(device.account, name);
  const patches = children(asked, 'patch');
  if (patches.length > 1) return failed(name, 400);
  const patch = bytes(patches[0]);
  if (!patch) return updates(world, collection, version, asked.attrs.return_snapshot === 'true');
  try {
    const pushed = collection.push(version, patch);
    after(() => announcePatch(world, device.account, name, device));
    return node('collection', { name, version: String(pushed) });
  } catch (error) {
    if (!(error instanceof PatchRefused)) throw error;
    // What it missed comes along, so that it can try again on top (whatsmeow sendAppState).
    const missed = error.code === 409 ? newer(collection, version) : undefined;
    return failed(name, error.code, missed);
  }
}

function updates(world: World, collection: Collection, version: number, whole: boolean): BinaryNode {
  // As a blob, which a client must be able to fetch; otherwise patches, which for a new client are as good.
  const snapshot = whole && world.sync.blobs ? snapshotOf(world, collection) : undefined;
  if (snapshot) {
    const attrs = { name: collection.name, version: String(collection.version), has_more_patches: 'false' };
    return node('collection', attrs, [node('snapshot', {}, snapshot)]);
  }
  // A client from the future (this server was restored from an older state) has to start over.
  if (version > collection.version) return failed(collection.name, 400);
  return updatesSince(collection, version);
}

function updatesSince(collection: Collection, version: number): BinaryNode {
  const { attrs, patches } = newer(collection, version);
  return node('collection', { name: collection.name, ...attrs }, patches);
}

function newer(collection: Collection, version: number) {
  const found = collection.after(version, PATCHES_PER_ANSWER);
  const reached = version + found.length;
  return {
    attrs: {
      version: String(reached),
      has_more_patches: String(reached < collection.version),
    },
    patches:
      found.length === 0
        ? []
        : [
            node(
              'patches',
              {},
              found.map(patch => node('patch', {}, patch)),
            ),
          ],
  };
}

function failed(name: string, code: ErrorCode, missed?: ReturnType<typeof newer>): BinaryNode {
  const content = [errorNode(code), ...(missed?.patches ?? [])];
  return node('collection', { name, type: 'error', ...missed?.attrs }, content);
}

export const appStateIqs: Readonly<Record<string, Answer>> = { 'w:sync:app:state': sync };
