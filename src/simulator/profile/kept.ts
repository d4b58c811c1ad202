// Profiles as plain JSON and back, for keeping. People are named by their numbers.
import type { Account } from '../accounts/accounts.ts';
import { fromBase64, toBase64 } from '../state/base64.ts';
import { numbersOf, peopleOf } from '../state/people.ts';
import type { World } from '../world.ts';
import type { NewChatQuota } from './new-chats.ts';
import { isCategory, isValueOf } from './privacy-values.ts';
import type { Picture, Profile, Timelock } from './profiles.ts';
import type { TokenMode } from './trust-tokens.ts';

export interface KeptPicture {
  id: string;
  bytes: string;
}

interface KeptProfile {
  phone: string;
  about: { text: string; t: number };
  picture?: KeptPicture;
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

export interface KeptProfiles {
  tokenMode: TokenMode;
  profiles: KeptProfile[];
  groupPictures: Record<string, KeptPicture>;
}

export function keepPicture({ id, bytes }: Picture): KeptPicture {
  return { id, bytes: toBase64(bytes) };
}

export function restorePicture(world: World, { id, bytes }: KeptPicture): Picture {
  return world.profiles.makePicture(fromBase64(bytes), undefined, id);
}

export function captureProfiles(world: World): KeptProfiles {
  return {
    tokenMode: world.profiles.tokenMode,
    profiles: [...world.profiles.all()].map(([account, profile]) => captureProfile(account, profile)),
    groupPictures: Object.fromEntries(
      [...world.groupPictures].map(([jid, picture]) => [jid, keepPicture(picture)]),
    ),
  };
}

function captureProfile(account: Account, profile: Profile): KeptProfile {
  return {
    phone: account.phone,
    about: profile.about,
    ...(profile.picture && { picture: keepPicture(profile.picture) }),
    privacy: Object.fromEntries(profile.privacy),
    lists: Object.fromEntries([...profile.lists].map(([name, list]) => [name, numbersOf(list)])),
    contacts: numbersOf(profile.contacts),
    blocked: numbersOf(profile.blocked),
    wroteTo: numbersOf(profile.wroteTo),
    disappearing: profile.disappearing,
    ...(profile.lastSeen !== undefined && { lastSeen: profile.lastSeen }),
    tokens: [...profile.tokens].map(([holder, { bytes, t }]) => ({
      phone: holder.phone,
      token: toBase64(bytes),
      t,
    })),
    ...(profile.timelock && { timelock: profile.timelock }),
    ...(profile.newChats && { newChats: profile.newChats }),
    ...(profile.linkCode !== undefined && { linkCode: profile.linkCode }),
  };
}

/** The accounts must be there already. */
export function restoreProfiles(world: World, state: KeptProfiles): void {
  const { accounts, profiles } = world;
  profiles.tokenMode = state.tokenMode;
  for (const [jid, kept] of Object.entries(state.groupPictures))
    world.groupPictures.set(jid, restorePicture(world, kept));
  for (const kept of state.profiles) {
    const account = accounts.byPhone(kept.phone);
    if (!account) continue;
    const profile = profiles.of(account);
    profile.about = kept.about;
    profile.picture = kept.picture && restorePicture(world, kept.picture);
    for (const [name, value] of Object.entries(kept.privacy))
      if (isCategory(name) && isValueOf(name, value)) profile.privacy.set(name, value);
    for (const [name, list] of Object.entries(kept.lists))
      if (isCategory(name)) profile.lists.set(name, new Set(peopleOf(accounts, list)));
    profiles.setContacts(account, peopleOf(accounts, kept.contacts));
    for (const one of peopleOf(accounts, kept.blocked)) profile.blocked.add(one);
    for (const one of peopleOf(accounts, kept.wroteTo)) profile.wroteTo.add(one);
    profile.disappearing = kept.disappearing;
    profile.lastSeen = kept.lastSeen;
    for (const { phone, token, t } of kept.tokens) {
      const holder = accounts.byPhone(phone);
      if (holder) profile.tokens.set(holder, { bytes: fromBase64(token), t });
    }
    profile.timelock = kept.timelock;
    profile.newChats = kept.newChats;
    if (kept.linkCode !== undefined) profiles.setLink(account, kept.linkCode);
  }
}
