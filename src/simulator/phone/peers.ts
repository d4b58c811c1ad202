// What a companion asks its phone for, by the type of its protocol message (protocol.md 8.6).
import { proto } from '@whiskeysockets/baileys';
import type { Device } from '../accounts/accounts.ts';
import { appStateAnswers } from '../app-state/peer.ts';
import { answerDataRequest } from '../history/data-request.ts';
import type { World } from '../world.ts';
import type { Phone } from './phone.ts';

const { Type } = proto.Message.ProtocolMessage;

export interface PeerRequest {
  readonly world: World;
  readonly phone: Phone;
  readonly companion: Device;
  /** Of the stanza. */
  readonly id: string;
  readonly message: proto.Message.IProtocolMessage;
}

export type PeerAnswer = (request: PeerRequest) => unknown;

/** What is not in here is read and not answered. */
const answers: Readonly<Partial<Record<proto.Message.ProtocolMessage.Type, PeerAnswer>>> = {
  ...appStateAnswers,
  [Type.PEER_DATA_OPERATION_REQUEST_MESSAGE]: answerDataRequest,
};

/** Never throws: a failure is in the ledger. */
export function answerPeer(request: PeerRequest): void {
  const answer = answers[request.message.type ?? Type.REVOKE];
  const done = Promise.resolve(request).then(answer ?? (() => {}));
  done.catch(error => request.world.ledger.phoneError(error));
}
