// What every query about one channel starts with.
import { MexError, type MexRequest, textOf } from '../stanzas/mex-request.ts';
import { type Channel, isChannelAdmin } from './channels.ts';

/** The channel of `newsletter_id`, for who is at least that much in it. Throws {@link MexError}. */
export function channelIn(
  { world, device, variables }: MexRequest,
  who: 'anybody' | 'follower' | 'admin' | 'owner',
): Channel {
  const channel = world.channels.byJid(textOf(variables, 'newsletter_id'));
  if (!channel) throw new MexError(404, 'there is no such channel');
  const { account } = device;
  const allowed = {
    anybody: () => true,
    follower: () => channel.followers.has(account),
    admin: () => isChannelAdmin(channel, account),
    owner: () => channel.followers.get(account)?.role === 'OWNER',
  };
  if (!allowed[who]()) throw new MexError(403, 'not allowed in this channel');
  return channel;
}
