// A channel as mex answers describe it (whatsmeow types/newsletter.go, Baileys newsletter.ts, whatsapp-rust
// features/newsletter.rs). Numbers are texts, as the wire has them.
import type { Account } from '../accounts/accounts.ts';
import type { Picture } from '../profile/profiles.ts';
import type { Channel, ChannelText } from './channels.ts';

/** `viewer` adds what the channel is to that account; by invite link nobody is told. */
export function describeChannel(channel: Channel, viewer?: Account) {
  return {
    id: channel.jid,
    state: { type: 'ACTIVE' },
    thread_metadata: threadMetadata(channel),
    ...(viewer && { viewer_metadata: viewerMetadata(channel, viewer) }),
  };
}

/** What everybody may know of a channel. */
export function threadMetadata(channel: Channel) {
  return {
    creation_time: String(channel.created),
    invite: channel.invite,
    name: textMetadata(channel.name),
    description: textMetadata(channel.description),
    subscribers_count: String(channel.followers.size),
    verification: 'UNVERIFIED',
    handle: null,
    picture: pictureMetadata(channel.picture, 'IMAGE'),
    preview: pictureMetadata(channel.picture, 'PREVIEW'),
    settings: { reaction_codes: { value: channel.reactionMode } },
  };
}

/** What the channel is to one account: `GUEST` for who does not follow. */
export function viewerMetadata(channel: Channel, viewer: Account) {
  const follower = channel.followers.get(viewer);
  return { mute: follower?.muted ? 'ON' : 'OFF', role: follower?.role ?? 'GUEST' };
}

function textMetadata({ text, id, at }: ChannelText) {
  return { text, id, update_time: String(at) };
}

// An object without a picture too: Baileys reads its fields unasked (parseNewsletterCreateResponse).
function pictureMetadata(picture: Picture | undefined, type: string) {
  return { id: picture?.id ?? '', type, direct_path: picture ? `/pictures/${picture.id}` : '' };
}
