// Groups and communities as plain state: who is in them, what their settings are, and in which form members see each
// other (protocol.md 11). Who may change what is decided in change.ts; nothing in here knows of stanzas.
import { randomBytes, randomInt } from 'node:crypto';
import type { Account } from '../accounts/accounts.ts';
import type { Domain } from '../wire/jid.ts';
import type { Report } from './reports.ts';
import { defaultSettings, type Settings } from './settings.ts';

export type Role = 'member' | 'admin' | 'superadmin';

export interface Description {
  /** Made by the client that wrote it; the next writer names it as the one it replaces. */
  readonly id: string;
  readonly text: string;
  readonly by: Account | undefined;
  /** Unix seconds. */
  readonly at: number;
}

/** Somebody asked to be let in (protocol.md 11, whatsapp-rust wacore/src/stanza/groups.rs MembershipRequestMethod). */
export interface JoinRequest {
  /** Unix seconds. */
  readonly at: number;
  readonly method: 'invite_link' | 'linked_group_join' | 'non_admin_add';
  /** The member who wanted to add them. */
  readonly by: Account | undefined;
}

/** An invitation for one person, which travels as a GroupInviteMessage ("v4"). */
export interface PersonalInvite {
  readonly code: string;
  /** Unix seconds. */
  readonly expiration: number;
  readonly by: Account;
}

/** What a group is to a community; `announcements` is the subgroup that everybody of the community is in. */
export type GroupKind = 'plain' | 'community' | 'announcements' | 'general';

export interface Group {
  /** `1203…@g.us`. */
  readonly jid: string;
  subject: string;
  subjectBy: Account | undefined;
  /** Unix seconds. */
  subjectAt: number;
  /** In which form members are named on the wire, for the group's whole life: sender keys are stored under it. */
  readonly addressing: Domain;
  readonly members: Map<Account, Role>;
  readonly creator: Account | undefined;
  /** Unix seconds. */
  readonly created: number;
  description: Description | undefined;
  readonly settings: Settings;
  /** The last part of its invite link. */
  inviteCode: string;
  /** Those before it, newest last: whoever uses one hears that it was reset, not that it never was. */
  readonly oldCodes: string[];
  readonly requests: Map<Account, JoinRequest>;
  readonly invites: Map<Account, PersonalInvite>;
  /** An admin removed them: they come back only when somebody adds or invites them in person. */
  readonly removed: Set<Account>;
  /** Move with every change of the members and of the admins (`p_v_id`, `a_v_id`). */
  participantVersion: number;
  adminVersion: number;
  /** Reported to its admins, by the message's id. */
  readonly reports: Map<string, readonly Report[]>;
  readonly kind: GroupKind;
  /** The community that it belongs to. */
  parent: Group | undefined;
  /** Every account that links a device joins it. */
  readonly seeded: boolean;
}

export interface NewGroup {
  readonly subject: string;
  readonly addressing: Domain;
  /** Becomes the superadmin. */
  readonly creator?: Account | undefined;
  readonly members?: Iterable<Account>;
  readonly settings?: Partial<Settings>;
  readonly kind?: GroupKind;
  readonly parent?: Group | undefined;
  readonly seeded?: boolean;
  /** Unix seconds. */
  readonly at: number;
}

export class Groups {
  /** In which form the members of groups made from now on see each other. */
  newAddressing: Domain = 'lid';
  /** Whether the privacy of a person lets somebody add them to a group. */
  mayAdd: (person: Account, by: Account) => boolean = () => true;
  /** Called when a group is no more, for what others keep about it. */
  onRemoved: (group: Group) => void = () => {};
  readonly #byJid = new Map<string, Group>();
  readonly #byCode = new Map<string, Group>();
  readonly #oldCodes = new Set<string>();
  readonly #ofAccount = new Map<Account, Set<Group>>();
  readonly #ofParent = new Map<Group, Set<Group>>();
  readonly #seeded = new Set<Group>();

  all(): IterableIterator<Group> {
    return this.#byJid.values();
  }

  byJid(jid: string | undefined): Group | undefined {
    return jid === undefined ? undefined : this.#byJid.get(jid);
  }

  byCode(code: string): Group | undefined {
    return this.#byCode.get(code);
  }

  wasCode(code: string): boolean {
    return this.#oldCodes.has(code);
  }

  /** The groups of which this account is a member. */
  of(account: Account): Iterable<Group> {
    return this.#ofAccount.get(account) ?? [];
  }

  /** The groups of a community, its announcements first. */
  subgroups(community: Group): Group[] {
    const linked = [...(this.#ofParent.get(community) ?? [])];
    return linked.sort((a, b) => Number(b.kind === 'announcements') - Number(a.kind === 'announcements'));
  }

  seeded(): Iterable<Group> {
    return this.#seeded;
  }

  /** A group that is in no list yet; {@link add} puts it there. */
  make(given: NewGroup): Group {
    const { at } = given;
    const members = new Map<Account, Role>();
    if (given.creator) members.set(given.creator, 'superadmin');
    for (const account of given.members ?? []) if (!members.has(account)) members.set(account, 'member');
    return {
      jid: this.#freshJid(),
      subject: given.subject,
      subjectBy: given.creator,
      subjectAt: at,
      addressing: given.addressing,
      members,
      creator: given.creator,
      created: at,
      description: undefined,
      settings: { ...defaultSettings, ...given.settings },
      inviteCode: freshCode(),
      oldCodes: [],
      requests: new Map(),
      invites: new Map(),
      removed: new Set(),
      participantVersion: at,
      adminVersion: at,
      reports: new Map(),
      kind: given.kind ?? 'plain',
      parent: given.parent,
      seeded: given.seeded ?? false,
    };
  }

  add(group: Group): void {
    this.#byJid.set(group.jid, group);
    this.#byCode.set(group.inviteCode, group);
    for (const code of group.oldCodes) this.#oldCodes.add(code);
    for (const account of group.members.keys()) this.#index(group, account);
    if (group.parent) this.link(group, group.parent);
    if (group.seeded) this.#seeded.add(group);
  }

  remove(group: Group): void {
    this.#byJid.delete(group.jid);
    this.#byCode.delete(group.inviteCode);
    for (const code of group.oldCodes) this.#oldCodes.delete(code);
    for (const account of group.members.keys()) this.#ofAccount.get(account)?.delete(group);
    if (group.parent) this.unlink(group);
    this.#seeded.delete(group);
    this.onRemoved(group);
  }

  join(group: Group, account: Account, role: Role = 'member'): void {
    group.members.set(account, role);
    group.requests.delete(account);
    group.invites.delete(account);
    group.removed.delete(account);
    this.#index(group, account);
  }

  leave(group: Group, account: Account): void {
    group.members.delete(account);
    this.#ofAccount.get(account)?.delete(group);
  }

  /** A new invite code; the old one is known as one that was reset. */
  resetCode(group: Group): string {
    this.#byCode.delete(group.inviteCode);
    this.#oldCodes.add(group.inviteCode);
    group.oldCodes.push(group.inviteCode);
    if (group.oldCodes.length > KEPT_CODES) this.#oldCodes.delete(group.oldCodes.shift() ?? '');
    group.inviteCode = freshCode();
    this.#byCode.set(group.inviteCode, group);
    return group.inviteCode;
  }

  link(group: Group, community: Group): void {
    group.parent = community;
    const linked = this.#ofParent.get(community);
    if (linked) linked.add(group);
    else this.#ofParent.set(community, new Set([group]));
  }

  unlink(group: Group): void {
    if (group.parent) this.#ofParent.get(group.parent)?.delete(group);
    group.parent = undefined;
  }

  #index(group: Group, account: Account): void {
    const groups = this.#ofAccount.get(account);
    if (groups) groups.add(group);
    else this.#ofAccount.set(account, new Set([group]));
  }

  // `120363` and 12 digits, as groups have them since the old `<phone>-<time>` form (protocol.md 11).
  #freshJid(): string {
    for (;;) {
      const jid = `120363${String(randomInt(1e12)).padStart(12, '0')}@g.us`;
      if (!this.#byJid.has(jid)) return jid;
    }
  }
}

/** Clients may reset codes as often as they like; the oldest are then as good as unknown. */
const KEPT_CODES = 100;

/** 22 letters and digits, the look of a real code (chat.whatsapp.com/…). */
function freshCode(): string {
  for (;;) {
    const code = randomBytes(24).toString('base64').replaceAll(/[+/=]/g, '').slice(0, 22);
    if (code.length === 22) return code;
  }
}

/** The invitation of one person by a member; a newer one takes the place of an older. */
export function newPersonalInvite(group: Group, person: Account, by: Account, now: number): PersonalInvite {
  const invite = { code: freshCode(), expiration: now + INVITE_SECONDS, by };
  group.invites.set(person, invite);
  return invite;
}

/** Three days, as phones say under such an invitation. */
const INVITE_SECONDS = 3 * 24 * 60 * 60;
