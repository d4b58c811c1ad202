// xmlns `md`: linking by code, as the companion's side asks for it, and logging out (protocol.md 4.4, 5.3).
import { randomBytes } from 'node:crypto';
import { unlink } from '../accounts/device-list.ts';
import type { Connection } from '../wire/connection.ts';
import { parseJid } from '../wire/jid.ts';
import { attr, type BinaryNode, child, childBytes, node, ProtocolError } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { IqError, type Later } from './request.ts';

export function answerMd(world: World, connection: Connection, iq: BinaryNode, after: Later): BinaryNode[] {
  const linking = child(iq, 'link_code_companion_reg');
  if (linking) return linkByCode(world, connection, linking);
  const device = connection.device;
  if (child(iq, 'remove-companion-device') && device) {
    after(() => {
      unlink(world, device, 'logout');
      connection.close('device-removed');
    });
    return [];
  }
  world.ledger.unknownIq(`md/${iq.attrs.type}/${(iq.content as BinaryNode[] | undefined)?.[0]?.tag ?? ''}`);
  return [];
}

function linkByCode(world: World, connection: Connection, linking: BinaryNode): BinaryNode[] {
  if (!connection.registration)
    throw new ProtocolError('only a client that is not linked can ask for a code');
  switch (linking.attrs.stage) {
    case 'companion_hello': {
      const phone = parseJid(attr(linking, 'jid'))?.user;
      if (!phone) throw new IqError(400);
      const wrappedEphemeral = childBytes(linking, 'link_code_pairing_wrapped_companion_ephemeral_pub', 80);
      const ref = randomBytes(16).toString('base64');
      world.desk.greet({ connection, phone, wrappedEphemeral, ref });
      return [node('link_code_companion_reg', {}, [node('link_code_pairing_ref', {}, Buffer.from(ref))])];
    }
    case 'companion_finish':
      connection.codeFinish?.(linking);
      return [];
    default:
      throw new IqError(400);
  }
}
