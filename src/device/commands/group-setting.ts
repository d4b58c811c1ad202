import type { BinaryNode } from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';
import { askGroup } from '../asking/group-query.ts';

/** Yes and no have a tag each (whatsapp-rust wacore/src/iq/groups.rs). */
const switches = {
  announcement: ['announcement', 'not_announcement'],
  locked: ['locked', 'unlocked'],
  noFrequentlyForwarded: ['no_frequently_forwarded', 'frequently_forwarded_ok'],
  allowAdminReports: ['allow_admin_reports', 'not_allow_admin_reports'],
  groupHistory: ['group_history', 'no_group_history'],
  nonAdminSubgroups: ['allow_non_admin_sub_group_creation', 'not_allow_non_admin_sub_group_creation'],
} as const;

/** One of two words. */
const modes = {
  memberAddMode: 'member_add_mode',
  memberLinkMode: 'member_link_mode',
  memberShareHistoryMode: 'member_share_group_history_mode',
} as const;

/** What is approved: who comes into this group, or into the groups that a community makes from now on. */
const approvals = { joinApproval: 'group_join', defaultApproval: 'community_join' } as const;

export type Setting =
  | { readonly what: keyof typeof switches | keyof typeof approvals; readonly on: boolean }
  | { readonly what: keyof typeof modes; readonly mode: string }
  /** In seconds; 0 is never. */
  | { readonly what: 'ephemeral'; readonly seconds: number };

/** Sets one thing of a group or community. */
export const groupSetting = ask({
  name: 'group-setting',
  async run(
    { group, setting }: { readonly group: string; readonly setting: Setting },
    connection,
  ): Promise<void> {
    await askGroup(connection, group, 'set', nodeOf(setting));
  },
});

function nodeOf(setting: Setting): BinaryNode {
  switch (setting.what) {
    case 'ephemeral':
      return setting.seconds === 0
        ? { tag: 'not_ephemeral', attrs: {} }
        : { tag: 'ephemeral', attrs: { expiration: String(setting.seconds) } };
    case 'memberAddMode':
    case 'memberLinkMode':
    case 'memberShareHistoryMode':
      return { tag: modes[setting.what], attrs: {}, content: Buffer.from(setting.mode) };
    case 'joinApproval':
    case 'defaultApproval': {
      const state = { tag: approvals[setting.what], attrs: { state: setting.on ? 'on' : 'off' } };
      return { tag: 'membership_approval_mode', attrs: {}, content: [state] };
    }
    default:
      return { tag: switches[setting.what][setting.on ? 0 : 1], attrs: {} };
  }
}
