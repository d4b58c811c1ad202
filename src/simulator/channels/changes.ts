// Changing what a channel is and who follows it, and telling those it concerns once the asker has its answer.
import type { Account, Device } from '../accounts/accounts.ts';
import { atOnce, type Later } from '../stanzas/request.ts';
import type { World } from '../world.ts';
import { type Channel, type ChannelRole, type ReactionMode, textAt } from './channels.ts';
import { tellChange, tellDeleted, tellJoin, tellLeave, tellMute, tellRole } from './notices.ts';

/** Which device asked, and how to wait for its answer; nothing when a phone did it. */
interface Asked {
  readonly by?: Device;
  readonly after?: Later;
}

export function newChannel(
  world: World,
  owner: Account,
  name: string,
  description: string,
  picture: Buffer | undefined,
  { by, after = atOnce }: Asked = {},
): Channel {
  const nowMs = world.clock.now();
  const channel = world.channels.create({ name, description, nowMs });
  if (picture?.length) channel.picture = world.profiles.makePicture(picture, undefined);
  world.channels.follow(channel, owner, { role: 'OWNER', muted: false, since: channel.created });
  world.changed();
  after(() => tellJoin(world, channel, owner, by));
  return channel;
}

export function changeChannel(
  world: World,
  channel: Channel,
  changes: {
    readonly name?: string | undefined;
    readonly description?: string | undefined;
    /** Without bytes it is removed. */
    readonly picture?: Buffer | undefined;
    readonly reactionMode?: ReactionMode | undefined;
  },
  after: Later = atOnce,
): void {
  const { name, description, picture, reactionMode } = changes;
  const nowMs = world.clock.now();
  const told: Record<string, unknown> = {};
  if (name !== undefined) {
    channel.name = textAt(name, nowMs);
    told.name = name;
  }
  if (description !== undefined) {
    channel.description = textAt(description, nowMs);
    told.description = description;
  }
  if (picture) {
    if (picture.length > 0) channel.picture = world.profiles.makePicture(picture, channel.picture);
    else {
      world.profiles.dropPicture(channel.picture);
      channel.picture = undefined;
    }
    told.picture = channel.picture
      ? { id: channel.picture.id, direct_path: `/pictures/${channel.picture.id}` }
      : null;
  }
  if (reactionMode !== undefined) {
    channel.reactionMode = reactionMode;
    told.reaction_codes = { value: reactionMode };
  }
  world.changed();
  if (Object.keys(told).length > 0) after(() => tellChange(world, channel, told));
}

export function follow(
  world: World,
  channel: Channel,
  account: Account,
  { by, after = atOnce }: Asked = {},
): void {
  if (channel.followers.has(account)) return;
  const since = Number(world.clock.seconds());
  world.channels.follow(channel, account, { role: 'SUBSCRIBER', muted: false, since });
  world.changed();
  after(() => tellJoin(world, channel, account, by));
}

export function unfollow(
  world: World,
  channel: Channel,
  account: Account,
  { by, after = atOnce }: Asked = {},
): void {
  if (!channel.followers.has(account)) return;
  world.channels.unfollow(channel, account);
  for (const device of channel.live.keys()) if (device.account === account) channel.live.delete(device);
  world.changed();
  after(() => tellLeave(world, channel, account, by));
}

export function mute(
  world: World,
  channel: Channel,
  account: Account,
  muted: boolean,
  { by, after = atOnce }: Asked,
): void {
  const follower = channel.followers.get(account);
  if (!follower || follower.muted === muted) return;
  follower.muted = muted;
  world.changed();
  after(() => tellMute(world, channel, account, by));
}

/** Somebody becomes an admin, and a follower if it was none. */
export function promote(world: World, channel: Channel, person: Account, after: Later = atOnce): void {
  channel.adminInvites.delete(person);
  if (!channel.followers.has(person)) follow(world, channel, person, { after });
  setRole(world, channel, person, 'ADMIN', after);
}

export function setRole(
  world: World,
  channel: Channel,
  person: Account,
  role: ChannelRole,
  after: Later = atOnce,
): void {
  const follower = channel.followers.get(person);
  if (!follower || follower.role === role) return;
  const before = follower.role;
  follower.role = role;
  world.changed();
  if (role === 'SUBSCRIBER') after(() => tellRole(world, channel, person, 'Demote'));
  else if (before === 'SUBSCRIBER') after(() => tellRole(world, channel, person, 'Promote'));
}

export function removeChannel(
  world: World,
  channel: Channel,
  by: Device | undefined,
  after: Later = atOnce,
): void {
  world.channels.remove(channel);
  world.profiles.dropPicture(channel.picture);
  world.changed();
  after(() => tellDeleted(world, channel, by));
}
