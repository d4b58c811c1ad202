// App state in plain words: what the five collections say about chats, messages, contacts, labels and settings.
import type { proto } from '@whiskeysockets/baileys';
import type { Action } from './replica.ts';

/** What is said of one chat; a field is there when somebody said it. Times in unix ms. */
export interface ChatView {
  pinned?: boolean;
  pinnedAt?: number;
  muted?: boolean;
  /** -1: for ever. */
  mutedUntil?: number;
  archived?: boolean;
  locked?: boolean;
  read?: boolean;
  labels?: string[];
  /** Messages up to then are gone from the chat. */
  clearedAt?: number;
  deletedAt?: number;
}

export interface MessageView {
  readonly chat: string;
  readonly id: string;
  readonly fromMe: boolean;
  readonly participant?: string;
}

export interface AppStateView {
  pushName?: string;
  readonly chats: Record<string, ChatView>;
  readonly starred: MessageView[];
  readonly deletedMessages: MessageView[];
  readonly contacts: Record<string, { fullName?: string; firstName?: string; lid?: string }>;
  readonly labels: Record<string, { name: string; color: number; deleted: boolean }>;
  readonly labelledMessages: { readonly label: string; readonly chat: string; readonly id: string }[];
  readonly quickReplies: Record<string, { shortcut: string; message: string }>;
  readonly mutedStatuses: string[];
  readonly settings: {
    locale?: string;
    twentyFourHours?: boolean;
    unarchiveChats?: boolean;
    linkPreviewsDisabled?: boolean;
  };
}

type Reader = (view: AppStateView, index: readonly string[], value: proto.ISyncActionValue) => void;

const readers: Readonly<Record<string, Reader>> = {
  pin_v1: (view, [, chat], { pinAction, timestamp }) => {
    const pinned = pinAction?.pinned === true;
    Object.assign(chatOf(view, chat), { pinned, ...(pinned && { pinnedAt: Number(timestamp ?? 0) }) });
  },
  mute: (view, [, chat], { muteAction }) => {
    const muted = muteAction?.muted === true;
    const until = Number(muteAction?.muteEndTimestamp ?? -1);
    Object.assign(chatOf(view, chat), { muted, ...(muted && { mutedUntil: until }) });
  },
  archive: (view, [, chat], { archiveChatAction }) => {
    chatOf(view, chat).archived = archiveChatAction?.archived === true;
  },
  lock: (view, [, chat], { lockChatAction }) => {
    chatOf(view, chat).locked = lockChatAction?.locked === true;
  },
  markChatAsRead: (view, [, chat], { markChatAsReadAction }) => {
    chatOf(view, chat).read = markChatAsReadAction?.read === true;
  },
  clearChat: (view, [, chat], { clearChatAction, timestamp }) => {
    chatOf(view, chat).clearedAt = reach(clearChatAction?.messageRange, timestamp);
  },
  deleteChat: (view, [, chat], { deleteChatAction, timestamp }) => {
    chatOf(view, chat).deletedAt = reach(deleteChatAction?.messageRange, timestamp);
  },
  star: (view, index, { starAction }) => {
    if (starAction?.starred) view.starred.push(messageOf(index));
  },
  deleteMessageForMe: (view, index) => void view.deletedMessages.push(messageOf(index)),
  contact: (view, [, jid = ''], { contactAction }) => {
    const { fullName, firstName, lidJid } = contactAction ?? {};
    view.contacts[jid] = {
      ...(fullName && { fullName }),
      ...(firstName && { firstName }),
      ...(lidJid && { lid: lidJid }),
    };
  },
  label_edit: (view, [, id = ''], { labelEditAction: label }) => {
    view.labels[id] = {
      name: label?.name ?? '',
      color: label?.color ?? 0,
      deleted: label?.deleted === true,
    };
  },
  label_jid: (view, [, label = '', chat], { labelAssociationAction }) => {
    if (!labelAssociationAction?.labeled) return;
    const found = chatOf(view, chat);
    found.labels = [...(found.labels ?? []), label].sort();
  },
  label_message: (view, [, label = '', chat = '', id = ''], { labelAssociationAction }) => {
    if (labelAssociationAction?.labeled) view.labelledMessages.push({ label, chat, id });
  },
  quick_reply: (view, [, id = ''], { quickReplyAction: reply }) => {
    if (!reply?.deleted)
      view.quickReplies[id] = { shortcut: reply?.shortcut ?? '', message: reply?.message ?? '' };
  },
  userStatusMute: (view, [, jid = ''], { userStatusMuteAction }) => {
    if (userStatusMuteAction?.muted) view.mutedStatuses.push(jid);
  },
  setting_pushName: (view, _index, { pushNameSetting }) => {
    view.pushName = pushNameSetting?.name ?? '';
  },
  setting_locale: (view, _index, { localeSetting }) => {
    view.settings.locale = localeSetting?.locale ?? '';
  },
  time_format: (view, _index, { timeFormatAction }) => {
    view.settings.twentyFourHours = timeFormatAction?.isTwentyFourHourFormatEnabled === true;
  },
  setting_unarchiveChats: (view, _index, { unarchiveChatsSetting }) => {
    view.settings.unarchiveChats = unarchiveChatsSetting?.unarchiveChats === true;
  },
  setting_disableLinkPreviews: (view, _index, { privacySettingDisableLinkPreviewsAction: previews }) => {
    view.settings.linkPreviewsDisabled = previews?.isPreviewsDisabled === true;
  },
};

/** What these facts mean together. Kinds that nobody here knows stay in the records alone. */
export function viewOf(facts: Iterable<Action>): AppStateView {
  const view: AppStateView = {
    chats: {},
    starred: [],
    deletedMessages: [],
    contacts: {},
    labels: {},
    labelledMessages: [],
    quickReplies: {},
    mutedStatuses: [],
    settings: {},
  };
  for (const { index, value } of facts) {
    const kind = index[0] ?? '';
    if (Object.hasOwn(readers, kind)) readers[kind]?.(view, index, value);
  }
  return view;
}

function chatOf(view: AppStateView, chat = ''): ChatView {
  view.chats[chat] ??= {};
  return view.chats[chat];
}

function messageOf([, chat = '', id = '', fromMe, participant = '0']: readonly string[]): MessageView {
  return { chat, id, fromMe: fromMe === '1', ...(participant !== '0' && { participant }) };
}

/** Up to when messages are meant: the last one named, else everything up to the action. Unix ms. */
function reach(
  range: proto.SyncActionValue.ISyncActionMessageRange | null | undefined,
  timestamp: proto.ISyncActionValue['timestamp'],
): number {
  return range?.lastMessageTimestamp ? Number(range.lastMessageTimestamp) * 1000 : Number(timestamp ?? 0);
}
