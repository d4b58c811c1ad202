// Dirty bits: the server tells a device that something of its account has changed unseen, at once and at every login,
// until the device says that it is clean again (protocol.md 5.1; Baileys chats.ts and groups.ts, whatsapp-rust
// wacore/src/iq/dirty.rs). What really sets one is not known; here the control plane does.
import type { Device } from '../accounts/accounts.ts';
import type { Answer } from '../stanzas/request.ts';
import { children, node, SERVER } from '../wire/stanza.ts';
import type { World } from '../world.ts';

export const DIRTY_TYPES = ['account_sync', 'groups', 'syncd_app_state', 'newsletter_metadata'] as const;
export type DirtyType = (typeof DIRTY_TYPES)[number];

/** Per device: type and the unix second since when. */
export class DirtyBits {
  readonly #of = new WeakMap<Device, Map<DirtyType, number>>();

  of(device: Device): ReadonlyMap<DirtyType, number> {
    return this.#of.get(device) ?? new Map();
  }

  set(device: Device, type: DirtyType, since: number): void {
    const bits = this.#of.get(device);
    if (bits) bits.set(type, since);
    else this.#of.set(device, new Map([[type, since]]));
  }

  /** `until` is what the device knows of; a bit that was set later stays. */
  clean(device: Device, type: string, until: number): void {
    const bits = this.#of.get(device);
    const since = bits?.get(type as DirtyType);
    if (since !== undefined && since <= until) bits?.delete(type as DirtyType);
  }
}

/** Sets a bit and, where the device is connected, tells it. */
export function markDirty(world: World, device: Device, type: DirtyType): void {
  const since = world.clock.unixSeconds();
  world.dirty.set(device, type, since);
  tell(device, type, since);
  world.changed();
}

/** At a login, after success. */
export function tellDirty(world: World, device: Device): void {
  for (const [type, since] of world.dirty.of(device)) tell(device, type, since);
}

function tell(device: Device, type: DirtyType, since: number): void {
  device.connection?.send(node('ib', { from: SERVER }, [node('dirty', { type, timestamp: String(since) })]));
}

const clean: Answer = ({ world, device, iq }) => {
  for (const { attrs } of children(iq, 'clean')) {
    const until = Number(attrs.timestamp ?? Number.POSITIVE_INFINITY);
    world.dirty.clean(device, attrs.type ?? '', until);
  }
  world.changed();
  return [];
};

export const dirtyIqs: Readonly<Record<string, Answer>> = { 'urn:xmpp:whatsapp:dirty': clean };
