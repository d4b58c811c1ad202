// What a companion asks of its own phone in peer messages, and what the phone sends back (protocol.md 8.6).
import { proto } from '@whiskeysockets/baileys';
import { keyShare } from '../app-state/key-ring.ts';
import type { Phone } from '../phone/phone.ts';

const { Type } = proto.Message.ProtocolMessage;

/** The phone's answers, in order; none to what asks for nothing. */
export function answerPeer(phone: Phone, message: proto.IMessage): proto.IMessage[] {
  const asked = message.protocolMessage;
  switch (asked?.type) {
    case Type.APP_STATE_SYNC_KEY_REQUEST:
      return shareKeys(phone, asked.appStateSyncKeyRequest?.keyIds ?? []);
    case Type.APP_STATE_SYNC_KEY_SHARE:
      phone.appState.learn(asked.appStateSyncKeyShare?.keys ?? []);
      return [];
    default:
      return [];
  }
}

// A key that is not there is left out: Baileys would store nothing under its id and write with it. The newest is last,
// because Baileys writes with the last one it was given.
function shareKeys(phone: Phone, ids: readonly proto.Message.IAppStateSyncKeyId[]): proto.IMessage[] {
  const { keys } = phone.appState;
  const wanted = ids.flatMap(({ keyId }) => (keyId && keys.get(keyId)) || []);
  if (wanted.length === 0) return [];
  return [keyShare([...wanted.filter(key => key !== keys.current), keys.current])];
}
