// Routes about channels: a phone makes one, posts, follows, reacts; what was posted.
import { z } from '@hono/zod-openapi';
import { proto } from '@whiskeysockets/baileys';
import { personNamed } from '../accounts/naming.ts';
import { phoneOf } from '../accounts/phones.ts';
import { changeChannel, follow, newChannel, promote, removeChannel, unfollow } from '../channels/changes.ts';
import { type Channel, type Post, reactionCounts } from '../channels/channels.ts';
import { type PostError, post, react, view } from '../channels/posting.ts';
import { newId } from '../phone/outbox.ts';
import { summaryOf } from '../phone/text.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { Done, done, OfPhone, Text } from './fields.ts';
import { type AddRoute, shapes } from './route.ts';

const OfChannel = z.object({ jid: z.string().openapi({ example: '120363000000000001@newsletter' }) });
const OfPost = OfChannel.extend({ serverId: z.string().regex(/^\d{1,15}$/) });
const PostView = z.object({
  id: z.string(),
  serverId: z.number(),
  at: z.number().openapi({ description: 'Unix seconds.' }),
  by: z.string(),
  type: z.string(),
  text: z.string(),
  deleted: z.boolean(),
  edited: z.boolean(),
  views: z.number(),
  reactions: z.record(z.string(), z.number()),
});
const ChannelView = z.object({
  jid: z.string(),
  name: z.string(),
  description: z.string(),
  invite: z.string(),
  reactions: z.enum(['ALL', 'BASIC', 'NONE']),
  followers: z.record(z.string(), z.enum(['OWNER', 'ADMIN', 'SUBSCRIBER'])),
  posts: z.number(),
});
const Changes = z.object({
  name: z.string().min(1).max(100).optional(),
  description: z.string().max(2_048).optional(),
  reactions: z.enum(['ALL', 'BASIC', 'NONE']).optional(),
});
const tag = 'channels';

export const channelShapes = shapes({
  createChannel: {
    id: 'createChannel',
    method: 'post',
    path: '/phones/{phone}/channels',
    tag,
    summary: 'The person makes a channel and owns it',
    params: OfPhone,
    body: z.object({ name: z.string().min(1).max(100), description: z.string().max(2_048).default('') }),
    results: ChannelView,
  },
  channels: {
    id: 'channels',
    method: 'get',
    path: '/channels',
    tag,
    summary: 'Every channel, and who follows it',
    results: z.array(ChannelView),
  },
  changeChannel: {
    id: 'changeChannel',
    method: 'patch',
    path: '/channels/{jid}',
    tag,
    summary: 'Name, description or reactions change; what is absent stays',
    params: OfChannel,
    body: Changes,
    results: ChannelView,
  },
  removeChannel: {
    id: 'removeChannel',
    method: 'delete',
    path: '/channels/{jid}',
    tag,
    summary: 'The channel is deleted',
    params: OfChannel,
    results: Done,
  },
  posts: {
    id: 'posts',
    method: 'get',
    path: '/channels/{jid}/posts',
    tag,
    summary: 'What was posted, with views and reactions',
    params: OfChannel,
    results: z.array(PostView),
  },
  addPost: {
    id: 'addPost',
    method: 'post',
    path: '/channels/{jid}/posts',
    tag,
    summary: 'A text is posted, by the owner unless `by` names another admin',
    params: OfChannel,
    body: z.object({ text: Text, by: z.string().optional() }),
    results: PostView,
  },
  changePost: {
    id: 'changePost',
    method: 'put',
    path: '/channels/{jid}/posts/{serverId}',
    tag,
    summary: 'Its author changes a post',
    params: OfPost,
    body: z.object({ text: Text }),
    results: PostView,
  },
  removePost: {
    id: 'removePost',
    method: 'delete',
    path: '/channels/{jid}/posts/{serverId}',
    tag,
    summary: 'Its author deletes a post',
    params: OfPost,
    results: PostView,
  },
  follow: {
    id: 'follow',
    method: 'put',
    path: '/phones/{phone}/channels/{jid}',
    tag,
    summary: 'The person follows the channel, is made an admin of it, or leaves it',
    params: OfPhone.extend(OfChannel.shape),
    body: z.object({ role: z.enum(['ADMIN', 'SUBSCRIBER']).nullable().default('SUBSCRIBER') }),
    results: ChannelView,
  },
  reactToPost: {
    id: 'reactToPost',
    method: 'post',
    path: '/phones/{phone}/channels/{jid}/posts/{serverId}',
    tag,
    summary: 'The person sees a post and, with a code, reacts to it; null takes the reaction back',
    params: OfPhone.extend(OfPost.shape),
    body: z.object({ reaction: z.string().min(1).max(32).nullable().optional() }),
    results: PostView,
  },
});

export function channelRoutes(add: AddRoute, world: World): void {
  const channelOf = (jid: string): Channel => {
    const channel = world.channels.byJid(jid);
    if (!channel) throw new Refused(404, `there is no channel ${jid}`);
    return channel;
  };
  const postOf = (channel: Channel, serverId: number): Post => {
    const found = channel.posts.get(serverId);
    if (!found) throw new Refused(404, `there is no post ${serverId} in ${channel.jid}`);
    return found;
  };

  add(channelShapes.createChannel, ({ params, body }) => {
    const { account } = phoneOf(world, params.phone);
    return describeChannel(newChannel(world, account, body.name, body.description, undefined));
  });

  add(channelShapes.channels, () => [...world.channels.all()].map(describeChannel));

  add(channelShapes.changeChannel, ({ params, body: { name, description, reactions } }) => {
    const channel = channelOf(params.jid);
    changeChannel(world, channel, { name, description, reactionMode: reactions });
    return describeChannel(channel);
  });

  add(channelShapes.removeChannel, ({ params }) => {
    removeChannel(world, channelOf(params.jid), undefined);
    return done;
  });

  add(channelShapes.posts, ({ params }) => [...channelOf(params.jid).posts.values()].map(describePost));

  add(channelShapes.addPost, ({ params, body }) => {
    const channel = channelOf(params.jid);
    const owner = [...channel.followers].find(([, { role }]) => role === 'OWNER')?.[0];
    const by = body.by === undefined ? owner : personNamed(world, body.by);
    if (!by) throw new Refused(409, 'the channel has no owner');
    return posted(post(world, channel, by, { id: newId(), type: 'text', content: encoded(body.text) }));
  });

  add(channelShapes.changePost, ({ params, body }) => {
    const channel = channelOf(params.jid);
    const { id, by, type } = postOf(channel, Number(params.serverId));
    return posted(post(world, channel, by, { id, type, content: encoded(body.text), edit: '3' }));
  });

  add(channelShapes.removePost, ({ params }) => {
    const channel = channelOf(params.jid);
    const { id, by, type } = postOf(channel, Number(params.serverId));
    return posted(post(world, channel, by, { id, type, content: Buffer.alloc(0), edit: '8' }));
  });

  add(channelShapes.follow, ({ params, body: { role } }) => {
    const channel = channelOf(params.jid);
    const { account } = phoneOf(world, params.phone);
    if (channel.followers.get(account)?.role === 'OWNER')
      throw new Refused(409, `${params.phone} owns the channel`);
    if (role === null) unfollow(world, channel, account);
    else if (role === 'ADMIN') promote(world, channel, account);
    else follow(world, channel, account);
    return describeChannel(channel);
  });

  add(channelShapes.reactToPost, ({ params, body: { reaction } }) => {
    const channel = channelOf(params.jid);
    const found = postOf(channel, Number(params.serverId));
    const { account } = phoneOf(world, params.phone);
    view(world, channel, account, found);
    if (reaction !== undefined) {
      const error = react(world, channel, account, found.serverId, reaction ?? undefined);
      if (error) throw refusal(error);
    }
    return describePost(found);
  });
}

const encoded = (text: string) => Buffer.from(proto.Message.encode({ conversation: text }).finish());

function posted(outcome: Post | PostError): z.input<typeof PostView> {
  if (typeof outcome === 'string') throw refusal(outcome);
  return describePost(outcome);
}

function refusal(error: PostError): Refused {
  const why = {
    400: 'that is no post',
    403: 'not allowed in this channel',
    404: 'no such post, or not any more',
  };
  return new Refused(error === '404' ? 404 : 409, why[error]);
}

function describePost(one: Post): z.input<typeof PostView> {
  return {
    id: one.id,
    serverId: one.serverId,
    at: one.t,
    by: one.by.phone,
    type: one.type,
    text: summaryOf(proto.Message.decode(one.content)).text,
    deleted: one.deleted,
    edited: one.editedAt !== undefined,
    views: one.views.size,
    reactions: Object.fromEntries(reactionCounts(one)),
  };
}

function describeChannel(channel: Channel): z.input<typeof ChannelView> {
  return {
    jid: channel.jid,
    name: channel.name.text,
    description: channel.description.text,
    invite: channel.invite,
    reactions: channel.reactionMode,
    followers: Object.fromEntries([...channel.followers].map(([account, { role }]) => [account.phone, role])),
    posts: channel.posts.size,
  };
}
