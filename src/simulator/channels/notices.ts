// What followers and one's own devices hear of a channel: `mex` notifications for what it is, `newsletter` ones for what
// happens to its posts.
import { type Account, accountJid, type Device } from '../accounts/accounts.ts';
import { notification, notifyMex } from '../delivery/notify.ts';
import { node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import type { Channel, Post } from './channels.ts';
import { describeChannel, threadMetadata, viewerMetadata } from './metadata.ts';
import { postNode } from './post-node.ts';

/** Name, description, picture or settings changed. `updates` is what Baileys reads, `data` what the others do. */
export function tellChange(world: World, channel: Channel, settings: Record<string, unknown>): void {
  const data = {
    data: {
      xwa2_notify_newsletter_on_metadata_update: {
        id: channel.jid,
        thread_metadata: threadMetadata(channel),
      },
    },
    updates: [{ jid: channel.jid, settings }],
  };
  for (const account of channel.followers.keys())
    notifyMex(world, account, channel.jid, 'NotificationNewsletterUpdate', data);
}

/** Own devices learn of a channel that one of them followed, or made. */
export function tellJoin(world: World, channel: Channel, account: Account, by?: Device): void {
  const data = { data: { xwa2_notify_newsletter_on_join: describeChannel(channel, account) } };
  notifyMex(world, account, channel.jid, 'NotificationNewsletterJoin', data, by);
}

export function tellLeave(world: World, channel: Channel, account: Account, by?: Device): void {
  const data = { data: { xwa2_notify_newsletter_on_leave: { id: channel.jid, role: 'GUEST' } } };
  notifyMex(world, account, channel.jid, 'NotificationNewsletterLeave', data, by);
}

export function tellMute(world: World, channel: Channel, account: Account, by?: Device): void {
  const { mute } = viewerMetadata(channel, account);
  const data = { data: { xwa2_notify_newsletter_on_mute_change: { id: channel.jid, mute } } };
  notifyMex(world, account, channel.jid, 'NotificationNewsletterUserSettingChange', data, by);
}

export function tellDeleted(world: World, channel: Channel, by: Device | undefined): void {
  for (const account of channel.followers.keys()) {
    const is_requestor = by?.account === account;
    const change = { id: channel.jid, is_requestor, state: { type: 'DELETED' } };
    const data = { data: { xwa2_notify_newsletter_on_state_change: change } };
    notifyMex(world, account, channel.jid, 'NotificationNewsletterStateChange', data, by);
  }
}

/** Somebody became an admin, or is none any more: the admins hear so, and that person. */
export function tellRole(
  world: World,
  channel: Channel,
  person: Account,
  change: 'Promote' | 'Demote',
): void {
  const user = accountJid(person, 'lid');
  const data = {
    data: {
      [`xwa2_notify_newsletter_admin_${change.toLowerCase()}`]: { id: channel.jid, user: { id: user } },
    },
    updates: [{ jid: channel.jid, user }],
  };
  for (const [account, { role }] of channel.followers) {
    if (role !== 'SUBSCRIBER' || account === person)
      notifyMex(world, account, channel.jid, `NotificationNewsletterAdmin${change}`, data);
  }
}

/** One live update, to the devices that asked for them. */
export type PostEvent =
  | { readonly kind: 'reaction'; readonly code: string }
  | { readonly kind: 'view' }
  | { readonly kind: 'change' };

/**
 * Reactions and views as they come. `<live_updates>` is for whatsmeow (messages right below it) and whatsapp-rust
 * (in `<messages>`); Baileys reads `<reaction>` and `<view>` beside it.
 */
export function tellLive(world: World, channel: Channel, post: Post, event: PostEvent): void {
  const now = world.clock.now();
  const t = world.clock.seconds();
  const message = postNode(post, { plaintext: false });
  const content = [
    node('live_updates', {}, [node('messages', { jid: channel.jid, t }, [message]), message]),
    ...legacyNode(post, event),
  ];
  for (const [device, until] of channel.live) {
    if (until < now || device.connection === undefined) channel.live.delete(device);
    else device.mailbox.push(notification(world, { from: channel.jid, type: 'newsletter' }, content));
  }
}

function legacyNode(post: Post, event: PostEvent) {
  const message_id = String(post.serverId);
  if (event.kind === 'reaction')
    return [node('reaction', { message_id }, [node('reaction', {}, Buffer.from(event.code))])];
  if (event.kind === 'view') return [node('view', { message_id }, Buffer.from(String(post.views.size)))];
  return [];
}
