import {
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  S_WHATSAPP_NET,
} from '@whiskeysockets/baileys';
import { Failure } from '../../errors.ts';
import { ask } from '../asking/command.ts';
import { textIn } from '../translate/nodes.ts';

export interface BusinessProfile {
  readonly jid: string;
  readonly email: string;
  readonly address: string;
  readonly categories: readonly { readonly id: string; readonly name: string }[];
  readonly options: Readonly<Record<string, string>>;
  readonly timezone: string;
  /** Times are minutes since midnight, absent where the day has none. */
  readonly hours: readonly {
    readonly day: string;
    readonly mode: string;
    readonly open?: number;
    readonly close?: number;
  }[];
}

/** What a business says of itself. Baileys' own drops the ids of categories and all but the first of them. */
export const businessProfile = ask({
  name: 'business-profile',
  async run({ jid }: { readonly jid: string }, { socket }): Promise<BusinessProfile> {
    const answer: BinaryNode = await socket.query({
      tag: 'iq',
      attrs: { to: S_WHATSAPP_NET, xmlns: 'w:biz', type: 'get' },
      content: [
        {
          tag: 'business_profile',
          attrs: { v: '244' },
          content: [{ tag: 'profile', attrs: { jid } }],
        },
      ],
    });
    const profile = getBinaryNodeChild(getBinaryNodeChild(answer, 'business_profile'), 'profile');
    if (!profile)
      throw new Failure('WA_NOT_FOUND', 'The account is not a business.', { results: { phone: jid } });
    const hours = getBinaryNodeChild(profile, 'business_hours');
    return {
      jid,
      email: text(profile, 'email'),
      address: text(profile, 'address'),
      categories: getBinaryNodeChildren(getBinaryNodeChild(profile, 'categories'), 'category').map(
        category => ({ id: category.attrs.id ?? '', name: textIn(category) ?? '' }),
      ),
      options: optionsOf(profile),
      timezone: hours?.attrs.timezone ?? '',
      hours: getBinaryNodeChildren(hours, 'business_hours_config').map(({ attrs }) => ({
        day: attrs.day_of_week ?? '',
        mode: attrs.mode ?? '',
        ...minutes('open', attrs.open_time),
        ...minutes('close', attrs.close_time),
      })),
    };
  },
});

/** WhatsApp's own options (whatsmeow user.go, parseBusinessProfile), and the texts that have no field of their own. */
function optionsOf(profile: BinaryNode): Record<string, string> {
  const listed = getBinaryNodeChild(profile, 'profile_options')?.content;
  const options = Array.isArray(listed)
    ? listed.map(option => [option.tag, textIn(option) ?? ''] as const)
    : [];
  const description = text(profile, 'description');
  const website = getBinaryNodeChildren(profile, 'website')
    .map(site => textIn(site) ?? '')
    .join(',');
  return { ...Object.fromEntries(options), ...(description && { description }), ...(website && { website }) };
}

const text = (node: BinaryNode, tag: string) => textIn(getBinaryNodeChild(node, tag)) ?? '';

function minutes<K extends string>(name: K, written: string | undefined): Partial<Record<K, number>> {
  return written === undefined || !/^\d{1,4}$/.test(written)
    ? {}
    : ({ [name]: Number(written) } as Record<K, number>);
}
