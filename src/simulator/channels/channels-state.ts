// Channels as plain JSON and back, for keeping. Live subscriptions are not kept: they end with the connection.
import type { Account } from '../accounts/accounts.ts';
import type { World } from '../world.ts';
import type { Channel, ChannelText, Follower, Post, ReactionMode } from './channels.ts';

interface PostState {
  serverId: number;
  id: string;
  t: number;
  type: string;
  by: string;
  mediaType?: string;
  content: string;
  editedAt?: number;
  deleted: boolean;
  reactions: [string, string][];
  views: string[];
}

export interface ChannelState {
  jid: string;
  name: ChannelText;
  description: ChannelText;
  picture?: { id: string; bytes: string };
  invite: string;
  created: number;
  reactionMode: ReactionMode;
  followers: [string, Follower][];
  adminInvites: [string, number][];
  posts: PostState[];
  nextServerId: number;
}

export function captureChannels(world: World): ChannelState[] {
  return [...world.channels.all()].map(captureChannel);
}

function captureChannel(channel: Channel): ChannelState {
  const { jid, name, description, picture, invite, created, reactionMode, nextServerId } = channel;
  return {
    jid,
    name,
    description,
    ...(picture && { picture: { id: picture.id, bytes: picture.bytes.toString('base64') } }),
    invite,
    created,
    reactionMode,
    followers: [...channel.followers].map(([account, follower]) => [account.phone, follower]),
    adminInvites: [...channel.adminInvites].map(([account, until]) => [account.phone, until]),
    posts: [...channel.posts.values()].map(capturePost),
    nextServerId,
  };
}

function capturePost({ mediaType, editedAt, ...post }: Post): PostState {
  return {
    ...post,
    by: post.by.phone,
    ...(mediaType !== undefined && { mediaType }),
    content: post.content.toString('base64'),
    ...(editedAt !== undefined && { editedAt }),
    reactions: [...post.reactions].map(([account, code]) => [account.phone, code]),
    views: [...post.views].map(account => account.phone),
  };
}

/** The accounts must be there already. */
export function restoreChannels(world: World, state: readonly ChannelState[]): void {
  const person = (phone: string): Account | undefined => world.accounts.byPhone(phone);
  const people = <T>(kept: readonly [string, T][]): [Account, T][] =>
    kept.flatMap(([phone, value]) => {
      const account = person(phone);
      return account ? [[account, value] as [Account, T]] : [];
    });
  for (const kept of state) {
    const channel = world.channels.create({ ...kept, name: '', description: '', nowMs: 0 });
    channel.name = kept.name;
    channel.description = kept.description;
    if (kept.picture)
      channel.picture = world.profiles.makePicture(
        Buffer.from(kept.picture.bytes, 'base64'),
        undefined,
        kept.picture.id,
      );
    channel.reactionMode = kept.reactionMode;
    channel.nextServerId = kept.nextServerId;
    for (const [account, follower] of people(kept.followers))
      world.channels.follow(channel, account, follower);
    for (const [account, until] of people(kept.adminInvites)) channel.adminInvites.set(account, until);
    for (const one of kept.posts) {
      const by = person(one.by);
      if (!by) continue;
      channel.posts.set(one.serverId, {
        ...one,
        by,
        mediaType: one.mediaType,
        editedAt: one.editedAt,
        content: Buffer.from(one.content, 'base64'),
        reactions: new Map(people(one.reactions)),
        views: new Set(people(one.views.map(phone => [phone, true])).map(([account]) => account)),
      });
    }
  }
}
