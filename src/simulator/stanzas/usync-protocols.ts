// The protocols of a usync query: one child per user and protocol (Baileys WAUSync/Protocols, whatsmeow user.go).
import { createHash } from 'node:crypto';
import { type Account, accountJid } from '../accounts/accounts.ts';
import { keyIndexList } from '../accounts/adv.ts';
import { verifiedNameNode } from '../business/verified-name.ts';
import { aboutNode } from '../profile/about.ts';
import { disappearingNode } from '../profile/disappearing.ts';
import { allows } from '../profile/privacy.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import type { Request } from './request.ts';

export interface Asked {
  /** As the client wrote it, or what its number would be. */
  readonly jid: string;
  readonly byLid: boolean;
  readonly account: Account | undefined;
  readonly contact: string | undefined;
}

/** Undefined leaves the child out. */
type Protocol = (asked: Asked, request: Request) => BinaryNode | undefined;

export const protocols: Readonly<Record<string, Protocol>> = {
  devices: ({ account }, { world, device }) => {
    if (!account) return node('devices', {}, [node('device-list', {}, [])]);
    account.watchers.add(device.account);
    return deviceList(world, account);
  },
  // Only for users asked by number: Baileys would store a mapping from the LID to itself.
  lid: ({ account, byLid }) =>
    account && !byLid ? node('lid', { val: accountJid(account, 'lid') }) : undefined,
  contact: ({ account, contact }) =>
    node(
      'contact',
      { type: account ? 'in' : 'out' },
      contact === undefined ? undefined : Buffer.from(contact),
    ),
  status: ({ account }, { world, device }) => aboutNode(world, account, device.account),
  picture: ({ account }, { world, device }) => pictureId(world, account, device.account),
  disappearing_mode: ({ account }, { world }) => disappearingNode(world, account),
  business: ({ account }, { world }) => {
    const name = account && verifiedNameNode(world, account);
    return node('business', {}, name && [name]);
  },
  // Nobody here has chosen a user name.
  username: () => node('username', {}),
  // No account is a bot, and Baileys throws at one without a profile.
  bot: () => undefined,
};

// An error instead of an id: whatsapp-rust wants one of the two (wacore/src/iq/usync.rs).
function pictureId(world: World, account: Account | undefined, viewer: Account): BinaryNode {
  const without = (code: string, text: string) => node('picture', {}, [node('error', { code, text })]);
  if (account && !allows(world, account, viewer, 'profile')) return without('401', 'not-authorized');
  const id = account && world.profiles.of(account).picture?.id;
  return id === undefined ? without('404', 'item-not-found') : node('picture', { id });
}

// Baileys drops companions without a key index; device 0 is listed as real servers do.
function deviceList(world: World, account: Account): BinaryNode {
  const ids = [...account.devices.keys()].sort((a, b) => a - b);
  const hash = `2:${createHash('sha256').update(ids.join()).digest('base64').slice(0, 8)}`;
  const devices = ids.map(id =>
    node('device', { id: String(id), 'key-index': id === 0 ? undefined : String(id) }),
  );
  return node('devices', {}, [
    node('device-list', { hash }, devices),
    node('key-index-list', { ts: world.clock.seconds() }, keyIndexList(account, world.clock.unixSeconds())),
  ]);
}
