/**
 * Changes of what all devices of an account share: how chats stand, contacts, labels, the push name. Baileys' own way to
 * make one (Socket/chats.js, appPatch) takes a refused patch for a written one, because it does not look into the answer,
 * and counts what it has removed as if it were still there (Utils/chat-utils.js, encodeSyncdPatch): the phone believes
 * nothing that comes after. Hence this, with Baileys' codec.
 */
import {
  type BinaryNode,
  type ChatModification,
  chatModificationToAppPatch,
  encodeSyncdPatch,
  getBinaryNodeChild,
  type LTHashState,
  newLTHashState,
  processSyncAction,
  proto,
  S_WHATSAPP_NET,
  type WAPatchCreate,
} from '@whiskeysockets/baileys';
import { Failure } from '../../errors.ts';
import type { Connection } from '../line/connection.ts';
import { quiet } from '../line/quiet.ts';
import { noAnswer } from './whatsapp-failure.ts';

/** A change that another device made at the same time is fetched, and ours is made on top of it. */
const TRIES = 3;
const CONFLICT = '409';

const { SET, REMOVE } = proto.SyncdMutation.SyncdOperation;

const NO_KEY =
  'The phone has not shared the keys yet that changing chats, contacts, labels or the push name takes; it does so some seconds after the pairing.';

/** As `changePatch`, for what Baileys has a word for. */
export async function changeAppState(
  connection: Connection,
  change: ChatModification,
  jid = '',
): Promise<void> {
  await changePatch(connection, chatModificationToAppPatch(change, jid));
}

/**
 * Resolves when WhatsApp has the change; this device hears of it as if another had made it. Fails with
 * APP_STATE_UNAVAILABLE: there is no key yet, or others were quicker each time.
 */
export async function changePatch({ socket }: Connection, given: WAPatchCreate): Promise<void> {
  const patch = { ...given, syncAction: { timestamp: Date.now(), ...given.syncAction } };
  const { creds, keys } = socket.authState;
  if (!creds.myAppStateKeyId) throw new Failure('APP_STATE_UNAVAILABLE', NO_KEY);
  await socket.appStatePatchMutex.mutex(() =>
    // Nobody else may move the collection between what we read of it and what we write.
    keys.transaction(async () => {
      for (let tries = 1; !(await written(socket, patch, creds.myAppStateKeyId ?? '')); tries++)
        if (tries === TRIES)
          throw new Failure(
            'APP_STATE_UNAVAILABLE',
            'Other devices of the account changed it at the same time; try again.',
          );
    }, creds.me?.id ?? ''),
  );
  // As whatsmeow, which fetches its own patch back (appstate.go, SendAppState): stores and receivers need no second way.
  const { index, syncAction, operation } = patch;
  if (operation === SET)
    processSyncAction({ index, syncAction: { value: syncAction } }, socket.ev, creds.me!, undefined, quiet);
  // For the first half minute of a connection Baileys holds back what it tells (Utils/event-buffer.ts).
  socket.ev.flush();
}

/** Whether WhatsApp has taken the patch; false when it was made on what is not the newest any more. */
async function written(socket: Connection['socket'], patch: WAPatchCreate, keyId: string): Promise<boolean> {
  const { keys } = socket.authState;
  const { type: name } = patch;
  await socket.resyncAppState([name], false);
  const { [name]: state = newLTHashState() } = await keys.get('app-state-sync-version', [name]);
  const encoded = await encodeSyncdPatch(patch, keyId, state, async id => {
    const { [id]: key } = await keys.get('app-state-sync-key', [id]);
    return key;
  }).catch((cause: { data?: { isMissingKey?: boolean } }) => {
    throw cause.data?.isMissingKey ? new Failure('APP_STATE_UNAVAILABLE', NO_KEY, { cause }) : cause;
  });
  if (patch.operation === REMOVE && !(indexOf(encoded.patch) in state.indexValueMap))
    throw new Failure('WA_NOT_FOUND', 'The account has no such entry.');
  const answer: BinaryNode | undefined = await socket.query({
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'w:sync:app:state' },
    content: [
      {
        tag: 'sync',
        attrs: {},
        content: [
          {
            tag: 'collection',
            attrs: { name, version: String(state.version), return_snapshot: 'false' },
            content: [{ tag: 'patch', attrs: {}, content: proto.SyncdPatch.encode(encoded.patch).finish() }],
          },
        ],
      },
    ],
  });
  if (!answer) throw noAnswer();
  const collection = getBinaryNodeChild(getBinaryNodeChild(answer, 'sync'), 'collection');
  if (collection?.attrs.type !== 'error') {
    await keys.set({ 'app-state-sync-version': { [name]: after(patch, encoded) } });
    return true;
  }
  const { code = '', text = 'no reason given' } = getBinaryNodeChild(collection, 'error')?.attrs ?? {};
  if (code === CONFLICT) return false;
  throw new Failure('WA_BAD_REQUEST', `WhatsApp refused the change: ${text} (${code}).`, {
    results: { error: Number(code) },
  });
}

/** What was removed is not there any more. */
function after(
  { operation }: WAPatchCreate,
  { patch, state }: { patch: proto.ISyncdPatch; state: LTHashState },
): LTHashState {
  if (operation !== REMOVE) return state;
  const { [indexOf(patch)]: _, ...indexValueMap } = state.indexValueMap;
  return { ...state, indexValueMap };
}

const indexOf = ({ mutations }: proto.ISyncdPatch) =>
  Buffer.from(mutations?.[0]?.record?.index?.blob ?? []).toString('base64');
