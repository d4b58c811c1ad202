// Channels as plain JSON and back, for keeping. Live subscriptions are not kept: they end with the connection.
import { type KeptPicture, keepPicture, restorePicture } from '../profile/kept.ts';
import { fromBase64, toBase64 } from '../state/base64.ts';
import { byNumber, byPerson, numbersOf, peopleOf } from '../state/people.ts';
import type { World } from '../world.ts';
import type { Channel, ChannelText, Follower, Post, ReactionMode } from './channels.ts';

interface KeptPost {
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

export interface KeptChannel {
  jid: string;
  name: ChannelText;
  description: ChannelText;
  picture?: KeptPicture;
  invite: string;
  created: number;
  reactionMode: ReactionMode;
  followers: [string, Follower][];
  adminInvites: [string, number][];
  posts: KeptPost[];
  nextServerId: number;
}

export function captureChannels(world: World): KeptChannel[] {
  return [...world.channels.all()].map(captureChannel);
}

function captureChannel(channel: Channel): KeptChannel {
  const { jid, name, description, picture, invite, created, reactionMode, nextServerId } = channel;
  return {
    jid,
    name,
    description,
    ...(picture && { picture: keepPicture(picture) }),
    invite,
    created,
    reactionMode,
    followers: byNumber(channel.followers),
    adminInvites: byNumber(channel.adminInvites),
    posts: [...channel.posts.values()].map(capturePost),
    nextServerId,
  };
}

function capturePost({ mediaType, editedAt, ...post }: Post): KeptPost {
  return {
    ...post,
    by: post.by.phone,
    ...(mediaType !== undefined && { mediaType }),
    content: toBase64(post.content),
    ...(editedAt !== undefined && { editedAt }),
    reactions: byNumber(post.reactions),
    views: numbersOf(post.views),
  };
}

/** The accounts must be there already. */
export function restoreChannels(world: World, state: readonly KeptChannel[]): void {
  const { accounts } = world;
  for (const kept of state) {
    const channel = world.channels.create({ ...kept, name: '', description: '', nowMs: 0 });
    channel.name = kept.name;
    channel.description = kept.description;
    channel.picture = kept.picture && restorePicture(world, kept.picture);
    channel.reactionMode = kept.reactionMode;
    channel.nextServerId = kept.nextServerId;
    for (const [account, follower] of byPerson(accounts, kept.followers))
      world.channels.follow(channel, account, follower);
    for (const [account, until] of byPerson(accounts, kept.adminInvites))
      channel.adminInvites.set(account, until);
    for (const one of kept.posts) {
      const by = accounts.byPhone(one.by);
      if (!by) continue;
      channel.posts.set(one.serverId, {
        ...one,
        by,
        mediaType: one.mediaType,
        editedAt: one.editedAt,
        content: fromBase64(one.content),
        reactions: new Map(byPerson(accounts, one.reactions)),
        views: new Set(peopleOf(accounts, one.views)),
      });
    }
  }
}
