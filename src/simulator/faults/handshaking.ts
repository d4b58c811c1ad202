// Faults of the handshake: what the server presents instead of its identity.
import { randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { makeTrust, type Trust } from '../wire/certificate.ts';
import type { World } from '../world.ts';
import type { FaultParams } from './catalogue.ts';

/** A handshake that is none. */
export interface Spoilt {
  /** Of the fault. */
  readonly name: string;
  /** Comes in place of a server hello. */
  readonly hello?: Uint8Array;
  readonly socket: 'keep' | 'destroy';
}

/** Plausible for a server hello, so that it is the content that is wrong. */
const HELLO_BYTES = 350;

/** The identity that the server presents to this client, or how a fault ends the handshake. */
export function presented(world: World): Trust | Spoilt {
  const fault = world.faults.armed?.first('handshake');
  if (!fault) return world.trust;
  switch (fault.name) {
    case 'handshake.bad-certificate':
      return badTrust(world.trust, (fault.params as FaultParams<'handshake.bad-certificate'>).how);
    case 'handshake.garbage':
      return { name: 'handshake.garbage', hello: randomBytes(HELLO_BYTES), socket: 'keep' };
    case 'handshake.drop':
      return { name: 'handshake.drop', socket: 'destroy' };
    default:
      return { name: 'handshake.silent', socket: 'keep' };
  }
}

/** An identity that no careful client believes. The handshake itself goes on with the server's own key. */
function badTrust(trust: Trust, how: 'root' | 'key' | 'signature'): Trust {
  if (how === 'root') return { ...trust, chain: makeTrust(undefined, trust.static).chain };
  if (how === 'key') return { ...trust, chain: makeTrust(trust.root.private).chain };
  const chain = proto.CertChain.decode(trust.chain);
  const { leaf } = chain;
  if (leaf?.signature) leaf.signature = leaf.signature.subarray(0, 40);
  return { ...trust, chain: proto.CertChain.encode(chain).finish() };
}
