// What a companion asks its phone for, by the type of its protocol message (protocol.md 8.6).
import { proto } from '@whiskeysockets/baileys';
import type { Device } from '../accounts/accounts.ts';
import type { World } from '../world.ts';
import type { Phone } from './phone.ts';

export interface PeerRequest {
  readonly world: World;
  readonly phone: Phone;
  readonly companion: Device;
  /** Of the stanza. */
  readonly id: string;
  readonly message: proto.Message.IProtocolMessage;
}

export type PeerAnswer = (request: PeerRequest) => void;

/** Part by part; what is not in here is read and not answered. */
const answers: Readonly<Partial<Record<proto.Message.ProtocolMessage.Type, PeerAnswer>>> = {};

export function answerPeer(request: PeerRequest): void {
  answers[request.message.type ?? proto.Message.ProtocolMessage.Type.REVOKE]?.(request);
}
