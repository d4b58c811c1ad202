// Where stanzas of a linked device pass by the armed faults, on both ways.
import type { BinaryNode } from '../wire/stanza.ts';
import type { ArmedFaults } from './faults.ts';
import type { Wire } from './kind.ts';

/** True: a fault took the stanza, and the server never sees it. */
export function passesIn(armed: ArmedFaults, wire: Wire, stanza: BinaryNode): boolean {
  return strikes(armed, 'in', wire, stanza);
}

/** True: a fault took the stanza; what of it reaches the client is the fault's doing. */
export function passesOut(armed: ArmedFaults, wire: Wire, stanza: BinaryNode): boolean {
  return strikes(armed, 'out', wire, stanza);
}

function strikes(armed: ArmedFaults, place: 'in' | 'out', wire: Wire, stanza: BinaryNode): boolean {
  for (const fault of armed.at(place)) {
    if (!fault.takes(wire.device, stanza)) continue;
    if (fault.kind.act?.(wire, stanza, fault.params, fault.notes)) return true;
  }
  return false;
}
