// What an account shows and allows: about, picture, privacy, address book, block list, timers, tokens. Plain state; what a
// request may change and who hears of it is decided by those who call.
import { createHash } from 'node:crypto';
import type { Account } from '../accounts/accounts.ts';
import type { NewChatQuota } from './new-chats.ts';
import { type Category, defaultPrivacy } from './privacy-values.ts';
import type { TokenMode, TrustToken } from './trust-tokens.ts';

export interface Picture {
  /** Digits, new with every change. */
  readonly id: string;
  readonly bytes: Buffer;
  /** Base64 of the SHA-256 (whatsmeow user.go decodes `hash` as base64). */
  readonly hash: string;
}

/** Why an account may not start new chats, and until when (Baileys Types/State ReachoutTimelockEnforcementType). */
export interface Timelock {
  /** Unix seconds. */
  readonly until: number;
  readonly type: string;
}

export interface Profile {
  about: { text: string; t: number };
  picture: Picture | undefined;
  readonly privacy: Map<Category, string>;
  /** Whom `contact_blacklist` leaves out, or `contact_allowlist` lets in, per category. */
  readonly lists: Map<Category, Set<Account>>;
  /** The phone's address book, which is what `contacts` means in a privacy setting. */
  readonly contacts: Set<Account>;
  /** In whose address book it is. */
  readonly knownBy: Set<Account>;
  readonly blocked: Set<Account>;
  /** To whom it has written. */
  readonly wroteTo: Set<Account>;
  /** Seconds, 0 for off; `t` is when it was set. */
  disappearing: { duration: number; t: number };
  /** Unix seconds; undefined until it was there once. */
  lastSeen: number | undefined;
  /** Tokens that it gave, by who may use them. */
  readonly tokens: Map<Account, TrustToken>;
  timelock: Timelock | undefined;
  /** How many chats it may start; undefined for any number. */
  newChats: NewChatQuota | undefined;
  /** The code of its contact link. */
  linkCode: string | undefined;
}

/** What every new account says about itself; the text of WhatsApp's own default. */
const DEFAULT_ABOUT = 'Hey there! I am using WhatsApp.';

export class Profiles {
  readonly #byAccount = new Map<Account, Profile>();
  readonly #pictures = new Map<string, Buffer>();
  readonly #byLink = new Map<string, Account>();
  #pictureId = Math.floor(Date.now() / 1000);
  /** Does a first message need a token of the other side? (protocol.md 8.1, ack error 463) */
  tokenMode: TokenMode = 'off';
  /** How many usync queries are still answered; undefined for all. */
  usyncLeft: number | undefined;

  of(account: Account): Profile {
    let profile = this.#byAccount.get(account);
    if (!profile) {
      profile = blankProfile();
      this.#byAccount.set(account, profile);
    }
    return profile;
  }

  /** Those that differ from a new account's, for keeping. */
  all(): IterableIterator<[Account, Profile]> {
    return this.#byAccount.entries();
  }

  /** The account is given up. */
  forget(account: Account): void {
    const { picture, linkCode } = this.of(account);
    this.dropPicture(picture);
    if (linkCode !== undefined) this.#byLink.delete(linkCode);
    this.#byAccount.delete(account);
    for (const other of this.#byAccount.values()) {
      for (const people of [
        other.contacts,
        other.knownBy,
        other.blocked,
        other.wroteTo,
        ...other.lists.values(),
      ])
        people.delete(account);
      other.tokens.delete(account);
    }
  }

  /** Makes a picture that can be fetched by its id; the one it replaces cannot any more. */
  makePicture(bytes: Buffer, replaced: Picture | undefined, id = String(++this.#pictureId)): Picture {
    if (replaced) this.#pictures.delete(replaced.id);
    this.#pictureId = Math.max(this.#pictureId, Number(id));
    this.#pictures.set(id, bytes);
    return { id, bytes, hash: createHash('sha256').update(bytes).digest('base64') };
  }

  dropPicture(picture: Picture | undefined): void {
    if (picture) this.#pictures.delete(picture.id);
  }

  /** The bytes behind a picture's URL. */
  pictureById(id: string): Buffer | undefined {
    return this.#pictures.get(id);
  }

  /** Whose contact link has this code. */
  byLink(code: string): Account | undefined {
    return this.#byLink.get(code);
  }

  /** Gives an account a link; the one before leads nowhere any more. */
  setLink(account: Account, code: string): void {
    const profile = this.of(account);
    if (profile.linkCode !== undefined) this.#byLink.delete(profile.linkCode);
    profile.linkCode = code;
    this.#byLink.set(code, account);
  }

  /** Writes an address book anew. */
  setContacts(account: Account, contacts: Iterable<Account>): void {
    const mine = this.of(account).contacts;
    for (const gone of mine) this.of(gone).knownBy.delete(account);
    mine.clear();
    for (const contact of contacts) {
      mine.add(contact);
      this.of(contact).knownBy.add(account);
    }
  }
}

function blankProfile(): Profile {
  return {
    about: { text: DEFAULT_ABOUT, t: 0 },
    picture: undefined,
    privacy: defaultPrivacy(),
    lists: new Map(),
    contacts: new Set(),
    knownBy: new Set(),
    blocked: new Set(),
    wroteTo: new Set(),
    disappearing: { duration: 0, t: 0 },
    lastSeen: undefined,
    tokens: new Map(),
    timelock: undefined,
    newChats: undefined,
    linkCode: undefined,
  };
}
