// Profiles as plain JSON and back, for keeping. People are named by their numbers.
import type { Account } from '../accounts/accounts.ts';
import type { World } from '../world.ts';
import type { NewChatQuota } from './new-chats.ts';
import { isCategory, isValueOf } from './privacy-values.ts';
import type { Picture, Profile, Timelock } from './profiles.ts';
import type { TokenMode } from './trust-tokens.ts';

interface PictureState {
  id: string;
  bytes: string;
}

interface ProfileState {
  phone: string;
  about: { text: string; t: number };
  picture?: PictureState;
  privacy: Record<string, string>;
  lists: Record<string, string[]>;
  contacts: string[];
  blocked: string[];
  wroteTo: string[];
  disappearing: { duration: number; t: number };
  lastSeen?: number;
  tokens: { phone: string; token: string; t: number }[];
  timelock?: Timelock;
  linkCode?: string;
  newChats?: NewChatQuota;
}

export interface ProfilesState {
  tokenMode: TokenMode;
  profiles: ProfileState[];
  groupPictures: Record<string, PictureState>;
}

const phones = (accounts: Iterable<Account>) => [...accounts].map(one => one.phone);
const pictureState = ({ id, bytes }: Picture): PictureState => ({ id, bytes: bytes.toString('base64') });

export function captureProfiles(world: World): ProfilesState {
  return {
    tokenMode: world.profiles.tokenMode,
    profiles: [...world.profiles.all()].map(([account, profile]) => captureProfile(account, profile)),
    groupPictures: Object.fromEntries(
      [...world.groupPictures].map(([jid, picture]) => [jid, pictureState(picture)]),
    ),
  };
}

function captureProfile(account: Account, profile: Profile): ProfileState {
  return {
    phone: account.phone,
    about: profile.about,
    ...(profile.picture && { picture: pictureState(profile.picture) }),
    privacy: Object.fromEntries(profile.privacy),
    lists: Object.fromEntries([...profile.lists].map(([name, list]) => [name, phones(list)])),
    contacts: phones(profile.contacts),
    blocked: phones(profile.blocked),
    wroteTo: phones(profile.wroteTo),
    disappearing: profile.disappearing,
    ...(profile.lastSeen !== undefined && { lastSeen: profile.lastSeen }),
    tokens: [...profile.tokens].map(([holder, { bytes, t }]) => ({
      phone: holder.phone,
      token: bytes.toString('base64'),
      t,
    })),
    ...(profile.timelock && { timelock: profile.timelock }),
    ...(profile.newChats && { newChats: profile.newChats }),
    ...(profile.linkCode !== undefined && { linkCode: profile.linkCode }),
  };
}

/** The accounts must be there already. */
export function restoreProfiles(world: World, state: ProfilesState): void {
  const { accounts, profiles } = world;
  const people = (numbers: string[]) =>
    numbers.map(phone => accounts.byPhone(phone)).filter(one => one !== undefined);
  const picture = ({ id, bytes }: PictureState) =>
    profiles.makePicture(Buffer.from(bytes, 'base64'), undefined, id);
  profiles.tokenMode = state.tokenMode;
  for (const [jid, kept] of Object.entries(state.groupPictures)) world.groupPictures.set(jid, picture(kept));
  for (const kept of state.profiles) {
    const account = accounts.byPhone(kept.phone);
    if (!account) continue;
    const profile = profiles.of(account);
    profile.about = kept.about;
    profile.picture = kept.picture && picture(kept.picture);
    for (const [name, value] of Object.entries(kept.privacy))
      if (isCategory(name) && isValueOf(name, value)) profile.privacy.set(name, value);
    for (const [name, list] of Object.entries(kept.lists))
      if (isCategory(name)) profile.lists.set(name, new Set(people(list)));
    profiles.setContacts(account, people(kept.contacts));
    for (const one of people(kept.blocked)) profile.blocked.add(one);
    for (const one of people(kept.wroteTo)) profile.wroteTo.add(one);
    profile.disappearing = kept.disappearing;
    profile.lastSeen = kept.lastSeen;
    for (const { phone, token, t } of kept.tokens) {
      const holder = accounts.byPhone(phone);
      if (holder) profile.tokens.set(holder, { bytes: Buffer.from(token, 'base64'), t });
    }
    profile.timelock = kept.timelock;
    profile.newChats = kept.newChats;
    if (kept.linkCode !== undefined) profiles.setLink(account, kept.linkCode);
  }
}
