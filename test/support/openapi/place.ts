// What one device finds around it when it is asked everything: people, groups, channels, messages. What an operation spends
// there is several times, or is made again by other operations, whose answers say so (guide.ts).
import type { TestNode } from '../node.ts';
import * as samples from '../samples.ts';

export interface Said {
  readonly id: string;
  readonly chat: string;
}

export interface Place {
  readonly device: string;
  /** Who are there throughout. */
  readonly people: readonly string[];
  /** Who have written, and whose chats may be deleted. */
  readonly passers: readonly string[];
  /** Groups, communities and channels that the device runs. */
  readonly groups: readonly string[];
  readonly communities: readonly string[];
  readonly channels: readonly string[];
  /** Those that may be left or deleted. */
  readonly spare: Record<'groups' | 'communities' | 'channels' | 'labels', string[]>;
  /** What others run and the device may join, by the codes of their links. */
  readonly links: string[];
  readonly inside: { readonly community: string; readonly group: string }[];
  /** A channel of somebody else, its code and its posts. */
  readonly followed: { readonly jid: string; readonly code: string; readonly posts: readonly number[] };
  /** One that it follows throughout. */
  readonly heard: string;
  /** Channels of the device with an admin beside it. */
  readonly shared: { readonly jid: string; readonly admin: string }[];
  readonly invitations: Record<'group_id' | 'code' | 'inviter' | 'expiration', unknown>[];
  readonly labels: readonly string[];
  readonly calls: { readonly id: string; readonly caller: string }[];
  readonly theirs: Said[];
  readonly ours: Said[];
  readonly polls: Said[];
  readonly events: Said[];
  readonly files: Said[];
}

export const POLL = ['yes', 'no'] as const;

/** Makes the place of a linked device, by its API and by what people around it do. */
export async function makePlace(
  { api, simulator }: TestNode,
  { id: device, phone: own }: { readonly id: string; readonly phone: string },
  authorization: string,
): Promise<Place> {
  const made = async (path: string, body: object, name: string) => {
    const headers = { authorization, 'X-Device-Id': device };
    const { body: answer } = await api<Record<string, unknown>>('POST', path, body, headers);
    if (!answer.results) throw new Error(`${path}: ${answer.message}`);
    return String(answer.results[name]);
  };
  const several = async <T>(count: number, make: (n: number) => Promise<T>) => {
    const all: T[] = [];
    for (let n = 0; n < count; n++) all.push(await make(n));
    return all;
  };
  const people = (await simulator.createPhones(3)).map(({ phone }) => phone);
  const [friend = '', mate = ''] = people;
  const passers = (await simulator.createPhones(8)).map(({ phone }) => phone);
  const jid = `${friend}@s.whatsapp.net`;

  await simulator.call('setPicture', {
    params: { phone: friend },
    bytes: await samples.jpeg({ width: 60, height: 60 }),
  });
  await simulator.call('setBusiness', {
    params: { phone: mate },
    body: { address: 'Pier 3', categories: [{ id: '1', name: 'Fish' }] },
  });
  const product = await simulator.call('addProduct', { params: { phone: mate }, body: { name: 'Sardines' } });
  const shelf = { name: 'Fish', products: [product.id] };
  await simulator.call('addCollection', { params: { phone: mate }, body: shelf });

  const group = (by: string, members: readonly string[], more: object = {}) =>
    simulator.call('createGroup', { body: { by, subject: 'A group', members: [...members], ...more } });
  const groups = await several(3, async () => (await group(own, people)).jid);
  const links = await several(6, async () => (await group(friend, [mate])).inviteCode);
  const foreign = await group(friend, [own, mate], { community: {} });
  const inside = await several(6, async () => ({
    community: foreign.jid,
    group: (await group(friend, [mate], { parent: foreign.jid })).jid,
  }));
  await simulator.call('changeProfile', { params: { phone: own }, body: { privacy: { groupadd: 'none' } } });
  const invitations = await several(12, async () => {
    const { jid, invites } = await group(mate, [own]);
    const [{ code, expiration } = { code: '', expiration: 0 }] = invites;
    return { group_id: jid, code, expiration, inviter: mate };
  });

  const channelOf = (name: string) =>
    simulator.call('createChannel', { params: { phone: friend }, body: { name } });
  const channel = await channelOf('Tides');
  const { jid: heard } = await channelOf('Winds');
  await simulator.call('follow', { params: { phone: own, jid: heard }, body: { role: 'SUBSCRIBER' } });
  const posts = await several(3, async n => {
    const post = await simulator.call('addPost', {
      params: { jid: channel.jid },
      body: { text: `low ${n}` },
    });
    return post.serverId;
  });
  const newChannel = (name: string) => made('/newsletter', { name }, 'newsletter_id');
  const shared = await several(6, async n => {
    const jid = await newChannel(`Shared ${n}`);
    await simulator.call('follow', { params: { phone: friend, jid }, body: { role: 'ADMIN' } });
    return { jid, admin: friend };
  });

  const theirs = await several(4, async n => ({
    id: (await simulator.send(friend, own, `hello ${n}`)).id,
    chat: jid,
  }));
  for (const phone of passers) await simulator.send(phone, own, 'hello, I pass by');
  const polls = await several(2, async () => {
    const poll = { name: 'Shall we?', options: [...POLL] };
    const { id } = await simulator.call('send', { params: { phone: friend }, body: { to: own, poll } });
    return { id, chat: jid };
  });
  const picture = await samples.png({ width: 30, height: 20 });
  const files = await several(3, async () => ({
    id: (await simulator.sendMedia(friend, { to: own, kind: 'image' }, picture)).id,
    chat: jid,
  }));
  const calls = await several(4, async () => {
    const call = { to: own, timeoutMs: 600_000, form: 's.whatsapp.net' as const };
    return {
      id: (await simulator.call('call', { params: { phone: friend }, body: call })).id,
      caller: friend,
    };
  });
  const send = async (path: string, body: object) => ({
    id: await made(path, { phone: friend, ...body }, 'message_id'),
    chat: jid,
  });
  return {
    ...{
      device,
      people,
      passers,
      groups,
      links,
      inside,
      invitations,
      shared,
      heard,
      theirs,
      polls,
      files,
      calls,
    },
    communities: [await made('/community', { title: 'Reefs' }, 'community_id')],
    channels: [await newChannel('Ours')],
    spare: { groups: [], communities: [], channels: [], labels: [] },
    followed: { jid: channel.jid, code: channel.invite, posts },
    labels: [await made('/label', { name: 'Regulars' }, 'id')],
    ours: await several(4, n => send('/send/message', { message: `hi ${n}` })),
    events: [await send('/send/event', { name: 'Regatta', start_time: soon(1), extra_guests: true })],
  };
}

/** A time that is so many hours from now. */
export const soon = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
