// Who runs a channel: inviting, promoting, demoting, handing over (whatsapp-rust features/newsletter.rs).
import { type Account, accountJid } from '../accounts/accounts.ts';
import { type MexAnswer, MexError, type MexRequest, textOf } from '../stanzas/mex-request.ts';
import { promote, setRole } from './changes.ts';
import { channelIn } from './query-parts.ts';

/** A week, as the apps say. */
const INVITE_SECONDS = 604_800;

function userIn({ world, variables }: MexRequest): Account {
  const account = world.accounts.byJid(textOf(variables, 'user_id'));
  if (!account) throw new MexError(404, 'there is no such user');
  return account;
}

const adminInfo: MexAnswer = request => {
  const channel = channelIn(request, 'admin');
  const admins = [...channel.followers.values()].filter(({ role }) => role !== 'SUBSCRIBER');
  return {
    xwa2_newsletter_admin: {
      id: channel.jid,
      admin_count: admins.length,
      admin_profile: null,
      admin_settings: { admin_profiles_enabled: false },
    },
  };
};

const invite: MexAnswer = request => {
  const channel = channelIn(request, 'owner');
  const person = userIn(request);
  if (channel.followers.get(person)?.role === 'ADMIN') throw new MexError(409, 'an admin already');
  const until = request.world.clock.unixSeconds() + INVITE_SECONDS;
  channel.adminInvites.set(person, until);
  request.world.changed();
  return { xwa2_newsletter_admin_invite_create: { id: channel.jid, invite_expiration_time: String(until) } };
};

const revoke: MexAnswer = request => {
  const channel = channelIn(request, 'owner');
  if (!channel.adminInvites.delete(userIn(request))) throw new MexError(404, 'there is no such invitation');
  request.world.changed();
  return { xwa2_newsletter_admin_invite_revoke: { id: channel.jid } };
};

const accept: MexAnswer = request => {
  const { world, device, after } = request;
  const channel = channelIn(request, 'anybody');
  const until = channel.adminInvites.get(device.account);
  if (until === undefined || until < world.clock.now() / 1000)
    throw new MexError(404, 'there is no such invitation');
  promote(world, channel, device.account, after);
  return { xwa2_newsletter_admin_invite_accept: { id: channel.jid } };
};

const demote =
  (path: string): MexAnswer =>
  request => {
    const channel = channelIn(request, 'admin');
    const person = userIn(request);
    const own = person === request.device.account;
    if (!own) channelIn(request, 'owner');
    if (channel.followers.get(person)?.role !== 'ADMIN')
      throw new MexError(400, 'not an admin of this channel');
    setRole(request.world, channel, person, 'SUBSCRIBER', request.after);
    return { [path]: { id: channel.jid, user: accountJid(person, 'lid') } };
  };

/** The new owner must be an admin; the old one becomes an admin. */
const handOver: MexAnswer = request => {
  const { world, device, after } = request;
  const channel = channelIn(request, 'owner');
  const person = userIn(request);
  if (channel.followers.get(person)?.role !== 'ADMIN')
    throw new MexError(400, 'a new owner is an admin first');
  setRole(world, channel, person, 'OWNER', after);
  setRole(world, channel, device.account, 'ADMIN', after);
  return { xwa2_newsletter_change_owner: { id: channel.jid } };
};

export const adminQueries: Readonly<Record<string, MexAnswer>> = {
  '7130823597031706': adminInfo,
  '26278439461859188': adminInfo,
  '9387141988078609': invite,
  '9656078347839416': revoke,
  '9580828702035549': accept,
  '6551828931592903': demote('xwa2_newsletter_demote'),
  '9880997548630971': demote('xwa2_newsletter_admin_demote'),
  '7341777602580933': handOver,
  '9546742745432473': handOver,
};
