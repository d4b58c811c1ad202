// What can be set in a group, and the tags that requests and news have for it (whatsapp-rust wacore/src/iq/groups.rs).
import { type BinaryNode, bytes, child, node } from '../wire/stanza.ts';

export interface Settings {
  /** Only admins send messages. */
  announcement: boolean;
  /** Only admins change subject, description, picture and disappearing messages. */
  locked: boolean;
  /** Seconds after which messages disappear; 0 is never. */
  ephemeral: number;
  /** What made them disappear, as the client said it. */
  ephemeralTrigger: number | undefined;
  memberAddMode: 'admin_add' | 'all_member_add';
  /** Who sees the invite link. */
  memberLinkMode: 'admin_link' | 'all_member_link';
  memberShareHistoryMode: 'admin_share' | 'all_member_share';
  /** Whoever joins by link, or is added by who is no admin, waits for an admin. */
  approval: boolean;
  noFrequentlyForwarded: boolean;
  allowAdminReports: boolean;
  groupHistory: boolean;
  /** Communities only: members make subgroups. */
  nonAdminSubgroups: boolean;
  /** Communities only: its groups are made with `approval`. */
  defaultApproval: boolean;
  /** The server's own: nobody changes anything any more, and nobody joins. */
  suspended: boolean;
  /** The server's own: nobody joins by link until then; Unix seconds, 0 for no lock. */
  growthLockedUntil: number;
}

/** Those of a group that a phone makes today (whatsapp-rust GroupCreateOptions). */
export const defaultSettings: Settings = {
  announcement: false,
  locked: false,
  ephemeral: 0,
  ephemeralTrigger: undefined,
  memberAddMode: 'all_member_add',
  memberLinkMode: 'admin_link',
  memberShareHistoryMode: 'admin_share',
  approval: false,
  noFrequentlyForwarded: false,
  allowAdminReports: false,
  groupHistory: false,
  nonAdminSubgroups: false,
  defaultApproval: false,
  suspended: false,
  growthLockedUntil: 0,
};

/** Yes and no have a tag each. */
const FLAGS = {
  announcement: ['announcement', 'not_announcement'],
  locked: ['locked', 'unlocked'],
  noFrequentlyForwarded: ['no_frequently_forwarded', 'frequently_forwarded_ok'],
  allowAdminReports: ['allow_admin_reports', 'not_allow_admin_reports'],
  groupHistory: ['group_history', 'no_group_history'],
  nonAdminSubgroups: ['allow_non_admin_sub_group_creation', 'not_allow_non_admin_sub_group_creation'],
  suspended: ['suspended', 'unsuspended'],
} as const;
type Flag = keyof typeof FLAGS;
const flags = Object.entries(FLAGS) as [Flag, readonly [string, string]][];

/** One of two words. */
const MODES = {
  memberAddMode: ['member_add_mode', 'admin_add', 'all_member_add'],
  memberLinkMode: ['member_link_mode', 'admin_link', 'all_member_link'],
  memberShareHistoryMode: ['member_share_group_history_mode', 'admin_share', 'all_member_share'],
} as const;
type Mode = keyof typeof MODES;
const modes = Object.entries(MODES) as [Mode, readonly [string, string, string]][];

/** Those that the server sets and nobody else. */
export const SERVER_ONLY: ReadonlySet<string> = new Set(['suspended', 'growthLockedUntil']);

/** The tags with which clients ask for a change. */
export const SETTING_TAGS: readonly string[] = [
  ...flags.flatMap(([key, tags]) => (SERVER_ONLY.has(key) ? [] : tags)),
  ...modes.map(([, [tag]]) => tag),
  'ephemeral',
  'not_ephemeral',
  'membership_approval_mode',
];

/** Seconds fit a signed 32-bit number, triggers are 0 to 20 (whatsapp-rust GROUP_EPHEMERAL_EXPIRATION_MAX, _TRIGGER_MAX). */
const MAX_EXPIRATION = 2 ** 31 - 1;
const MAX_TRIGGER = 20;

/** What a child of a request sets; undefined when it is none of these or cannot be read. */
export function readSetting(asked: BinaryNode): Partial<Settings> | undefined {
  for (const [key, [on, off]] of flags) {
    if (asked.tag === on) return { [key]: true };
    if (asked.tag === off) return { [key]: false };
  }
  for (const [key, [tag, ...words]] of modes) {
    const word = bytes(asked)?.toString() ?? '';
    if (asked.tag === tag) return (words as string[]).includes(word) ? { [key]: word } : undefined;
  }
  switch (asked.tag) {
    case 'not_ephemeral':
      return { ephemeral: 0, ephemeralTrigger: undefined };
    case 'ephemeral': {
      const ephemeral = wholeNumber(asked.attrs.expiration, MAX_EXPIRATION);
      const ephemeralTrigger = wholeNumber(asked.attrs.trigger, MAX_TRIGGER);
      return ephemeral === undefined ? undefined : { ephemeral, ephemeralTrigger };
    }
    case 'membership_approval_mode': {
      const group = state(child(asked, 'group_join'));
      const community = state(child(asked, 'community_join'));
      if (group !== undefined) return { approval: group };
      return community === undefined ? undefined : { defaultApproval: community };
    }
    default:
      return undefined;
  }
}

function state(asked: BinaryNode | undefined): boolean | undefined {
  if (asked?.attrs.state === 'on') return true;
  return asked?.attrs.state === 'off' ? false : undefined;
}

function wholeNumber(text: string | undefined, max: number): number | undefined {
  const value = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value <= max ? value : undefined;
}

/** What a setting is now, as news tells it. `version` is the admins' (whatsmeow needs it with announcements). */
export function settingNews(
  settings: Settings,
  key: keyof Settings,
  version: string,
): BinaryNode | undefined {
  const [on, off] = FLAGS[key as Flag] ?? [];
  if (on !== undefined && off !== undefined) {
    return node(settings[key] ? on : off, key === 'announcement' ? { v_id: version } : {});
  }
  const [tag] = MODES[key as Mode] ?? [];
  if (tag !== undefined) return node(tag, {}, Buffer.from(String(settings[key])));
  switch (key) {
    case 'ephemeral':
      return settings.ephemeral > 0 ? ephemeralNode(settings) : node('not_ephemeral', {});
    case 'approval':
      return approvalNode('group_join', settings.approval);
    case 'defaultApproval':
      return approvalNode('community_join', settings.defaultApproval);
    case 'growthLockedUntil':
      return growthNode(settings) ?? node('growth_unlocked', {});
    default:
      return undefined;
  }
}

/** The settings as children of `<group>`: what is off is not there. */
export function settingNodes(settings: Settings): BinaryNode[] {
  const nodes = flags.flatMap(([key, [on]]) => (settings[key] ? [node(on, {})] : []));
  for (const [key, [tag]] of modes) nodes.push(node(tag, {}, Buffer.from(settings[key])));
  if (settings.ephemeral > 0) nodes.push(ephemeralNode(settings));
  // Only when it is on: Baileys and whatsmeow take the node itself as a yes.
  if (settings.approval) nodes.push(approvalNode('group_join', true));
  const locked = growthNode(settings);
  return locked ? [...nodes, locked] : nodes;
}

function ephemeralNode({ ephemeral, ephemeralTrigger }: Settings): BinaryNode {
  return node('ephemeral', { expiration: String(ephemeral), trigger: ephemeralTrigger?.toString() });
}

function approvalNode(tag: string, on: boolean): BinaryNode {
  return node('membership_approval_mode', {}, [node(tag, { state: on ? 'on' : 'off' })]);
}

function growthNode({ growthLockedUntil }: Settings): BinaryNode | undefined {
  if (growthLockedUntil === 0) return undefined;
  return node('growth_locked', { type: 'invite', expiration: String(growthLockedUntil) });
}
