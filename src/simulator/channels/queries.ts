// The mex queries about channels. Several ids mean the same: clients of different age and platform (Baileys Types/Mex,
// whatsmeow newsletter.go, whatsapp-rust iq/mex_operations.rs).
import { accountJid } from '../accounts/accounts.ts';
import {
  fieldOf,
  type MexAnswer,
  MexError,
  type MexRequest,
  optionalText,
  textOf,
} from '../stanzas/mex-request.ts';
import { adminQueries } from './admin-queries.ts';
import { changeChannel, follow, mute, newChannel, removeChannel, unfollow } from './changes.ts';
import type { Channel } from './channels.ts';
import { describeChannel } from './metadata.ts';
import { channelIn } from './query-parts.ts';

const MAX_NAME = 100;
const MAX_DESCRIPTION = 2_048;
/** Base64 of at most 2 MiB. */
const MAX_PICTURE = 2_800_000;

const create: MexAnswer = ({ world, device, variables, after }) => {
  const input = fieldOf(variables, 'input') ?? fieldOf(variables, 'newsletter_input');
  const name = optionalText(input, 'name', MAX_NAME);
  if (!name) throw new MexError(400, 'a channel needs a name');
  const description = optionalText(input, 'description', MAX_DESCRIPTION) ?? '';
  const channel = newChannel(world, device.account, name, description, pictureIn(input), {
    by: device,
    after,
  });
  return { xwa2_newsletter_create: describeChannel(channel, device.account) };
};

const metadata: MexAnswer = ({ world, device, variables }) => {
  const input = fieldOf(variables, 'input');
  const key = textOf(input, 'key');
  const byInvite = fieldOf(input, 'type') === 'INVITE';
  const channel = byInvite ? world.channels.byInvite(key) : world.channels.byJid(key);
  if (!channel) throw new MexError(404, 'there is no such channel');
  const withViewer = fieldOf(variables, 'fetch_viewer_metadata') !== false;
  return { xwa2_newsletter: describeChannel(channel, withViewer ? device.account : undefined) };
};

const subscribed: MexAnswer = ({ world, device }) => ({
  xwa2_newsletter_subscribed: [...world.channels.of(device.account)].map(one =>
    describeChannel(one, device.account),
  ),
});

const update: MexAnswer = request => {
  const { world, device, variables, after } = request;
  const channel = channelIn(request, 'admin');
  const updates = fieldOf(variables, 'updates');
  const mode = fieldOf(fieldOf(fieldOf(updates, 'settings'), 'reaction_codes'), 'value');
  const reactionMode = mode === undefined || mode === null ? undefined : String(mode).toUpperCase();
  if (reactionMode !== undefined && !isReactionMode(reactionMode))
    throw new MexError(400, 'reactions are ALL, BASIC or NONE');
  const name = optionalText(updates, 'name', MAX_NAME);
  if (name === '') throw new MexError(400, 'a channel needs a name');
  const description = optionalText(updates, 'description', MAX_DESCRIPTION);
  changeChannel(world, channel, { name, description, picture: pictureIn(updates), reactionMode }, after);
  return { xwa2_newsletter_update: describeChannel(channel, device.account) };
};

function isReactionMode(mode: string): mode is 'ALL' | 'BASIC' | 'NONE' {
  return mode === 'ALL' || mode === 'BASIC' || mode === 'NONE';
}

/** Base64; an empty text removes the picture. */
function pictureIn(holder: unknown): Buffer | undefined {
  const given = optionalText(holder, 'picture', MAX_PICTURE);
  return given === undefined ? undefined : Buffer.from(given, 'base64');
}

const join: MexAnswer = request => {
  const { world, device, after } = request;
  const channel = channelIn(request, 'anybody');
  follow(world, channel, device.account, { by: device, after });
  return { xwa2_newsletter_join_v2: describeChannel(channel, device.account) };
};

const leave: MexAnswer = request => {
  const { world, device, after } = request;
  const channel = channelIn(request, 'follower');
  if (channel.followers.get(device.account)?.role === 'OWNER' && channel.followers.size > 1)
    throw new MexError(400, 'the owner of a channel hands it over or deletes it');
  unfollow(world, channel, device.account, { by: device, after });
  return { xwa2_newsletter_leave_v2: { id: channel.jid, state: { type: 'ACTIVE' } } };
};

const setMute =
  (muted: boolean, path: string): MexAnswer =>
  request => {
    const channel = muteIn(request, muted);
    return {
      [path]: { id: channel.jid, state: { type: 'ACTIVE' }, viewer_metadata: { mute: muted ? 'ON' : 'OFF' } },
    };
  };

function muteIn(request: MexRequest, muted: boolean): Channel {
  const channel = channelIn(request, 'follower');
  mute(request.world, channel, request.device.account, muted, { by: request.device, after: request.after });
  return channel;
}

/** `{input: {newsletter_id, type, value: ON|OFF}}` (whatsapp-rust update_newsletter_user_setting). */
const userSetting: MexAnswer = request => {
  const input = fieldOf(request.variables, 'input');
  const value = textOf(input, 'value');
  if (value !== 'ON' && value !== 'OFF') throw new MexError(400, 'a setting is ON or OFF');
  const variables = { newsletter_id: textOf(input, 'newsletter_id') };
  const channel = muteIn({ ...request, variables }, value === 'ON');
  return { xwa2_newsletter_update_user_setting: { id: channel.jid, state: { type: 'ACTIVE' } } };
};

const remove: MexAnswer = request => {
  const channel = channelIn(request, 'owner');
  removeChannel(request.world, channel, request.device, request.after);
  return { xwa2_newsletter_delete_v2: { id: channel.jid, state: { type: 'DELETED' } } };
};

/** Those with most followers first. */
const recommended: MexAnswer = ({ world, variables }) => {
  const limit = Number(fieldOf(fieldOf(variables, 'input'), 'limit') ?? 20);
  const shown = [...world.channels.all()].sort((a, b) => b.followers.size - a.followers.size);
  const result = shown.slice(0, Math.min(Math.max(limit || 20, 1), 100)).map(one => describeChannel(one));
  return { xwa2_newsletters_recommended: { page_info: { has_next_page: false, end_cursor: null }, result } };
};

/** Everybody who follows, with names; for admins. */
const subscribers: MexAnswer = request => {
  const input = fieldOf(request.variables, 'input');
  const variables = {
    newsletter_id: fieldOf(input, 'newsletter_id') ?? fieldOf(request.variables, 'newsletter_id'),
  };
  const channel = channelIn({ ...request, variables }, 'admin');
  const count = Number(fieldOf(input, 'count') ?? 100);
  const edges = [...channel.followers]
    .slice(0, Math.min(Math.max(count || 100, 1), 1_000))
    .map(([account, follower]) => ({
      node: {
        id: accountJid(account, 'lid'),
        display_name: account.name,
        pn: accountJid(account),
        username_info: null,
      },
      role: follower.role,
      follow_time: String(follower.since),
      admin_profile: null,
    }));
  const list = { edges };
  const invited = [...channel.adminInvites.keys()].map(one => ({
    user: { id: accountJid(one, 'lid'), pn: accountJid(one) },
  }));
  return {
    xwa2_newsletter_subscribers: { subscribers: list },
    xwa2_newsletter_followers: { followers: list },
    // The id that Baileys has for subscribers is the one of pending invites in newer clients.
    xwa2_newsletter_admin: { id: channel.jid, pending_admin_invites: invited },
  };
};

export const channelQueries: Readonly<Record<string, MexAnswer>> = {
  '8823471724422422': create,
  '6234210096708695': create,
  '27527996220149684': create,
  '25149874324715067': create,
  '6563316087068696': metadata,
  '9779843322044422': metadata,
  '27456920720571478': metadata,
  '7272540469429201': metadata,
  '26944199458535748': metadata,
  '6388546374527196': subscribed,
  '25399611239711790': subscribed,
  '24250201037901610': update,
  '7150902998257522': update,
  '7839742399440946': update,
  '24404358912487870': join,
  '9926858900719341': join,
  '9767147403369991': leave,
  '6392786840836363': leave,
  '8782612271820087': leave,
  '29766401636284406': setMute(true, 'xwa2_newsletter_mute_v2'),
  '6274038279359549': setMute(true, 'xwa2_newsletter_mute_v2'),
  '5971669009605755': setMute(true, 'xwa2_newsletter_mute_v2'),
  '9864994326891137': setMute(false, 'xwa2_newsletter_unmute_v2'),
  '6068417879924485': setMute(false, 'xwa2_newsletter_unmute_v2'),
  '6104029483058502': setMute(false, 'xwa2_newsletter_unmute_v2'),
  '31938993655691868': userSetting,
  '30062808666639665': remove,
  '9783111038412085': subscribers,
  '9800646650009898': subscribers,
  '25403502652570342': subscribers,
  '27472091235714801': subscribers,
  '7263823273662354': recommended,
  '27256776790637714': recommended,
  '25806748772361516': recommended,
  ...adminQueries,
};
