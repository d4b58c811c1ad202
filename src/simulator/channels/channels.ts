// Channels (newsletters on the wire) as plain state: who follows them, what was posted, who reacted. Not encrypted: the
// server reads what it carries.
import { randomBytes, randomInt } from 'node:crypto';
import type { Account, Device } from '../accounts/accounts.ts';
import { forgetOldest } from '../bounded.ts';
import type { Picture } from '../profile/profiles.ts';

export type ChannelRole = 'OWNER' | 'ADMIN' | 'SUBSCRIBER';
export type ReactionMode = 'ALL' | 'BASIC' | 'NONE';

export interface Follower {
  role: ChannelRole;
  muted: boolean;
  /** Unix seconds. */
  readonly since: number;
}

export interface Post {
  /** Counted per channel, from 100. */
  readonly serverId: number;
  readonly id: string;
  /** Unix seconds. */
  readonly t: number;
  readonly type: string;
  readonly by: Account;
  readonly mediaType: string | undefined;
  /** An encoded `Message`; empty once it was deleted. */
  content: Buffer;
  /** Unix seconds of the last change. */
  editedAt: number | undefined;
  deleted: boolean;
  readonly reactions: Map<Account, string>;
  readonly views: Set<Account>;
}

/** A text with the id and time that every change gives it. */
export interface ChannelText {
  readonly text: string;
  readonly id: string;
  /** Unix microseconds. */
  readonly at: number;
}

export interface Channel {
  /** `1203…@newsletter`. */
  readonly jid: string;
  name: ChannelText;
  description: ChannelText;
  picture: Picture | undefined;
  readonly invite: string;
  /** Unix seconds. */
  readonly created: number;
  reactionMode: ReactionMode;
  readonly followers: Map<Account, Follower>;
  /** Who was asked to become an admin, and until when (unix seconds). */
  readonly adminInvites: Map<Account, number>;
  readonly posts: Map<number, Post>;
  nextServerId: number;
  /** Devices that asked for live updates, and until when (unix milliseconds). */
  readonly live: Map<Device, number>;
}

/** Of one channel; the oldest go first. */
const KEPT_POSTS = 2_000;
const FIRST_SERVER_ID = 100;

export class Channels {
  readonly #byJid = new Map<string, Channel>();
  readonly #byInvite = new Map<string, Channel>();
  readonly #ofAccount = new Map<Account, Set<Channel>>();

  all(): IterableIterator<Channel> {
    return this.#byJid.values();
  }

  byJid(jid: string | undefined): Channel | undefined {
    return jid === undefined ? undefined : this.#byJid.get(jid);
  }

  byInvite(code: string): Channel | undefined {
    return this.#byInvite.get(code);
  }

  /** Those that an account follows. */
  of(account: Account): Iterable<Channel> {
    return this.#ofAccount.get(account) ?? [];
  }

  /** Makes a channel that nobody follows yet. `nowMs` is unix milliseconds. */
  create(given: {
    name: string;
    description: string;
    nowMs: number;
    jid?: string;
    invite?: string;
    created?: number;
  }): Channel {
    const channel: Channel = {
      jid: given.jid ?? this.#freshJid(),
      name: textAt(given.name, given.nowMs),
      description: textAt(given.description, given.nowMs),
      picture: undefined,
      invite: given.invite ?? randomBytes(16).toString('base64url'),
      created: given.created ?? Math.floor(given.nowMs / 1000),
      reactionMode: 'ALL',
      followers: new Map(),
      adminInvites: new Map(),
      posts: new Map(),
      nextServerId: FIRST_SERVER_ID,
      live: new Map(),
    };
    this.#byJid.set(channel.jid, channel);
    this.#byInvite.set(channel.invite, channel);
    return channel;
  }

  remove(channel: Channel): void {
    this.#byJid.delete(channel.jid);
    this.#byInvite.delete(channel.invite);
    for (const account of channel.followers.keys()) this.#ofAccount.get(account)?.delete(channel);
  }

  follow(channel: Channel, account: Account, follower: Follower): void {
    channel.followers.set(account, follower);
    const followed = this.#ofAccount.get(account);
    if (followed) followed.add(channel);
    else this.#ofAccount.set(account, new Set([channel]));
  }

  unfollow(channel: Channel, account: Account): void {
    channel.followers.delete(account);
    this.#ofAccount.get(account)?.delete(channel);
  }

  /** The account is given up: it follows nothing, and what it owned goes with it. */
  forget(account: Account): void {
    for (const channel of [...this.of(account)]) {
      if (channel.followers.get(account)?.role === 'OWNER') this.remove(channel);
      else this.unfollow(channel, account);
    }
    this.#ofAccount.delete(account);
  }

  #freshJid(): string {
    for (;;) {
      const jid = `120363${String(randomInt(1e12)).padStart(12, '0')}@newsletter`;
      if (!this.#byJid.has(jid)) return jid;
    }
  }
}

/** Adds a post; one too many and the oldest is forgotten. */
export function addPost(channel: Channel, post: Omit<Post, 'serverId'>): Post {
  const added = { ...post, serverId: channel.nextServerId++ };
  channel.posts.set(added.serverId, added);
  forgetOldest(channel.posts, KEPT_POSTS);
  return added;
}

export function textAt(text: string, nowMs: number): ChannelText {
  return { text, id: String(nowMs * 1000), at: nowMs * 1000 };
}

/** How often each reaction was given. */
export function reactionCounts(post: Post): Map<string, number> {
  const counts = new Map<string, number>();
  for (const code of post.reactions.values()) counts.set(code, (counts.get(code) ?? 0) + 1);
  return counts;
}

/** May post, and change the channel. */
export function isChannelAdmin(channel: Channel, account: Account): boolean {
  const role = channel.followers.get(account)?.role;
  return role === 'OWNER' || role === 'ADMIN';
}
