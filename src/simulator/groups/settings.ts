// What a group's admins can set, and what the server lets them set it to.

export interface Settings {
  /** Only admins send messages. */
  announcement: boolean;
  /** Only admins change subject, description, picture and disappearing messages. */
  locked: boolean;
  /** Seconds after which messages disappear; 0 is never. */
  ephemeral: number;
  /** What made them disappear, as the client said it: 0 to 20 (whatsapp-rust GROUP_SETTING_TRIGGER_MAX). */
  ephemeralTrigger: string | undefined;
  memberAddMode: 'admin_add' | 'all_member_add';
  memberLinkMode: 'admin_link' | 'all_member_link';
  memberShareHistoryMode: 'admin_share' | 'all_member_share' | undefined;
  /** Whoever joins by link waits for an admin. */
  approval: boolean;
  /** Messages that were forwarded often are refused by clients. */
  noFrequentlyForwarded: boolean;
  allowAdminReports: boolean;
  groupHistory: boolean;
  /** Communities only: members make subgroups. */
  nonAdminSubgroups: boolean;
  /** Communities only: who joins one of its groups waits for an admin. */
  defaultApproval: boolean;
}

/** Those of a group that a phone makes today (whatsapp-rust GroupCreateOptions). */
export const defaultSettings: Settings = {
  announcement: false,
  locked: false,
  ephemeral: 0,
  ephemeralTrigger: undefined,
  memberAddMode: 'all_member_add',
  memberLinkMode: 'admin_link',
  memberShareHistoryMode: undefined,
  approval: false,
  noFrequentlyForwarded: false,
  allowAdminReports: false,
  groupHistory: false,
  nonAdminSubgroups: false,
  defaultApproval: false,
};
