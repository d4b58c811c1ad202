// Where a decoded stanza goes. Nothing in here may wait: stanzas of one client are handled strictly in order.
import type { Device } from '../accounts/accounts.ts';
import { handleCall } from '../calls/call-stanzas.ts';
import { handleChannelMessage, handleChannelReceipt, isChannelJid } from '../channels/stanzas.ts';
import type { Connection } from '../wire/connection.ts';
import { type BinaryNode, child } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { handleIq } from './iq.ts';
import { handleMessage } from './message.ts';
import { handleChatState, handlePresence } from './presence.ts';
import { handleAck, handleReceipt } from './receipt.ts';

type Handler = (world: World, device: Device, stanza: BinaryNode) => void;

/** What a linked device may send besides iqs. */
const handlers: Readonly<Record<string, Handler>> = {
  message: (world, device, message) =>
    isChannelJid(message.attrs.to)
      ? handleChannelMessage(world, device, message)
      : handleMessage(world, device, message),
  receipt: (world, device, receipt) =>
    isChannelJid(receipt.attrs.to)
      ? handleChannelReceipt(world, device, receipt)
      : handleReceipt(world, device, receipt),
  ack: handleAck,
  presence: handlePresence,
  chatstate: handleChatState,
  call: handleCall,
  ib: (_world, device, stanza) => {
    const batch = child(stanza, 'offline_batch');
    if (batch) device.mailbox.batchRequested(Number.parseInt(batch.attrs.count ?? '', 10) || undefined);
  },
};

/** Handles one stanza of a client. Throws ProtocolError for one of a wrong shape, which ends the connection. */
export function handleStanza(world: World, connection: Connection, stanza: BinaryNode): void {
  if (stanza.tag === 'iq') handleIq(world, connection, stanza);
  // A client that is not linked has nothing to say but iqs; Baileys sends it telemetry all the same.
  else if (connection.device && Object.hasOwn(handlers, stanza.tag)) {
    handlers[stanza.tag]?.(world, connection.device, stanza);
  }
}
