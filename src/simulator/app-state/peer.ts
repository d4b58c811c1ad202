// What a companion asks of its own phone about app state, and what the phone does about it (protocol.md 8.6, 13).
import { proto } from '@whiskeysockets/baileys';
import { unlinkAll } from '../accounts/device-list.ts';
import type { PeerAnswer, PeerRequest } from '../phone/peers.ts';
import { isCollectionName } from './collections.ts';
import { keyShare } from './key-ring.ts';

const { Type } = proto.Message.ProtocolMessage;

export const appStateAnswers: Readonly<Partial<Record<proto.Message.ProtocolMessage.Type, PeerAnswer>>> = {
  [Type.APP_STATE_SYNC_KEY_REQUEST]: shareKeys,
  [Type.APP_STATE_SYNC_KEY_SHARE]: ({ phone, message }) =>
    phone.appState.learn(message.appStateSyncKeyShare?.keys ?? []),
  [Type.APP_STATE_FATAL_EXCEPTION_NOTIFICATION]: startOver,
};

// A key that is not there is left out: Baileys would store nothing under its id and write with it. The newest is last,
// because Baileys writes with the last one it was given.
function shareKeys({ phone, companion, message }: PeerRequest): Promise<unknown> | undefined {
  const { keys } = phone.appState;
  const ids = message.appStateSyncKeyRequest?.keyIds ?? [];
  const wanted = ids.flatMap(({ keyId }) => (keyId && keys.get(keyId)) || []);
  if (wanted.length === 0) return undefined;
  const last = [...wanted.filter(key => key !== keys.current), keys.current];
  return phone.sendPeer(companion, [keyShare(last)]);
}

// A companion's state is beyond repair: the phone starts the named collections anew and unlinks everybody, which is all
// that a real one is known to do (whatsmeow BuildFatalAppStateExceptionNotification).
function startOver({ world, phone, message }: PeerRequest): void {
  const named = message.appStateFatalExceptionNotification?.collectionNames ?? [];
  phone.appState.startOver(named.filter(isCollectionName));
  unlinkAll(world, phone.account);
}
