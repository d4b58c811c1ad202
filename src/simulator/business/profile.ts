// xmlns `w:biz`: reading and changing a business profile (Baileys chats.ts getBusinessProfile, business.ts
// updateBussinesProfile; whatsapp-rust iq/business.rs).
import { type Account, accountJid } from '../accounts/accounts.ts';
import { defined } from '../defined.ts';
import { notify } from '../delivery/notify.ts';
import { acquaintances } from '../profile/audience.ts';
import { type Answer, IqError } from '../stanzas/request.ts';
import { type BinaryNode, bytes, child, children, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import type { Business, Hours } from './businesses.ts';

const DAYS = new Set(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']);
const MODES = new Set(['open_24h', 'specific_hours', 'appointment_only']);
/** Bytes; WhatsApp's app takes 512 characters of description, less of the others. */
const MAX_TEXT = 2_048;
/** As WhatsApp Web sends (whatsapp-rust BUSINESS_PROFILE_MAX_WEBSITES). */
const MAX_WEBSITES = 2;

const get: Answer = ({ world, content }) => {
  const profiles = children(content, 'profile').flatMap(({ attrs: { jid } }) => {
    const business = world.businesses.of(world.accounts.byJid(jid));
    // Whoever is no business is left out.
    return business && jid !== undefined ? [profileNode(business, jid)] : [];
  });
  return [node('business_profile', { v: content?.attrs.v }, profiles)];
};

function profileNode(business: Business, jid: string): BinaryNode {
  const text = (tag: string, value: string | undefined) =>
    value === undefined ? [] : [node(tag, {}, Buffer.from(value))];
  const { hours, coverPhoto } = business;
  return node('profile', { jid }, [
    ...text('address', business.address),
    ...text('description', business.description),
    ...business.websites.flatMap(website => text('website', website)),
    ...text('email', business.email),
    node(
      'categories',
      {},
      business.categories.map(({ id, name }) => node('category', { id }, Buffer.from(name))),
    ),
    ...(hours ? [hoursNode(hours)] : []),
    ...(coverPhoto === undefined ? [] : [node('cover_photo', { id: coverPhoto })]),
  ]);
}

function hoursNode({ timezone, days }: NonNullable<Business['hours']>): BinaryNode {
  const configs = days.map(({ day, mode, open, close }) =>
    node('business_hours_config', {
      day_of_week: day,
      mode,
      open_time: open === undefined ? undefined : String(open),
      close_time: close === undefined ? undefined : String(close),
    }),
  );
  return node('business_hours', { timezone }, configs);
}

/** `mutation_type="delta"`: what is there is replaced, the rest stays. Only for accounts that are businesses. */
const change: Answer = ({ world, device, content, after }) => {
  const business = world.businesses.of(device.account);
  if (!business) throw new IqError(403);
  if (content?.attrs.mutation_type !== 'delta') throw new IqError(400);
  // Read whole before anything is changed.
  const next = {
    address: textIn(content, 'address', business.address),
    email: textIn(content, 'email', business.email),
    description: textIn(content, 'description', business.description),
    websites: websitesIn(content) ?? business.websites,
    categories: categoriesIn(content) ?? business.categories,
    hours: hoursIn(content) ?? business.hours,
    coverPhoto: coverIn(content, business.coverPhoto),
  };
  Object.assign(business, next);
  world.changed();
  after(() => announceBusiness(world, device.account));
  return [];
};

/** Tells those who know the account (whatsapp-rust stanza/business.rs). */
function announceBusiness(world: World, account: Account): void {
  const jid = accountJid(account);
  for (const other of acquaintances(world, account))
    notify(world, other, { from: jid, type: 'business' }, [node('profile', { jid })]);
}

/** Makes an account a business, or changes what it says: the fields that are given. Without a name it has its own. */
export function makeBusiness(world: World, account: Account, said: Saying): Business {
  const now = Number(world.clock.seconds());
  const business = world.businesses.ensure(account, said.verifiedName ?? account.name, now);
  if (said.verifiedName !== undefined && said.verifiedName !== business.verifiedName)
    business.verifiedAt = now;
  Object.assign(business, defined(said));
  world.changed();
  announceBusiness(world, account);
  return business;
}

type Field = 'verifiedName' | 'address' | 'email' | 'description' | 'websites' | 'categories' | 'hours';
export type Saying = { readonly [K in Field]?: Business[K] | undefined };

function textIn(content: BinaryNode, tag: string, before: string | undefined): string | undefined {
  const given = child(content, tag);
  if (!given) return before;
  const value = bytes(given)?.toString() ?? '';
  if (value.length > MAX_TEXT) throw new IqError(400);
  return value === '' ? undefined : value;
}

function websitesIn(content: BinaryNode): string[] | undefined {
  const given = children(content, 'website').map(one => bytes(one)?.toString() ?? '');
  if (given.length > MAX_WEBSITES || given.some(one => one.length > MAX_TEXT)) throw new IqError(400);
  return given.length > 0 ? given.filter(one => one !== '') : undefined;
}

function categoriesIn(content: BinaryNode): Business['categories'] | undefined {
  const given = child(content, 'categories');
  return (
    given &&
    children(given, 'category')
      .slice(0, 3)
      .map(one => ({
        id: one.attrs.id ?? '',
        name: bytes(one)?.toString().slice(0, MAX_TEXT) ?? one.attrs.id ?? '',
      }))
  );
}

function hoursIn(content: BinaryNode): Business['hours'] {
  const given = child(content, 'business_hours');
  if (!given) return undefined;
  const days = children(given, 'business_hours_config').map(({ attrs }): Hours => {
    const { day_of_week: day = '', mode = '', open_time, close_time } = attrs;
    const open = open_time === undefined ? undefined : Number(open_time);
    const close = close_time === undefined ? undefined : Number(close_time);
    const wrong = [open, close].some(minute => minute !== undefined && !(minute >= 0 && minute <= 1_440));
    if (!DAYS.has(day) || !MODES.has(mode) || wrong) throw new IqError(400);
    return { day, mode, open, close };
  });
  return { timezone: given.attrs.timezone ?? 'UTC', days: days.slice(0, 28) };
}

function coverIn(content: BinaryNode, before: string | undefined): string | undefined {
  const given = child(content, 'cover_photo');
  if (!given) return before;
  const { op, id } = given.attrs;
  if ((op !== 'update' && op !== 'delete') || id === undefined || id.length > 128) throw new IqError(400);
  if (op === 'update') return id;
  return id === before ? undefined : before;
}

export const businessProfileIqs: Readonly<Record<string, Answer>> = {
  'w:biz/get/business_profile': get,
  'w:biz/set/business_profile': change,
};
