// A message in the two forms in which it may come.
import { proto } from '@whiskeysockets/baileys';

/** As it comes from the wire, and as the phone's JSON has it: bytes as base64, 64-bit numbers as text. */
export const forms = (message: proto.IMessage): proto.IMessage[] => {
  const decoded = proto.Message.decode(proto.Message.encode(proto.Message.fromObject(message)).finish());
  return [decoded, decoded.toJSON() as proto.IMessage];
};
