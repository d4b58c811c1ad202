// What a person does on the phone that other devices hear of as app state: each kind with its collection, index and
// version (whatsapp-rust wacore/appstate/src/schemas.rs, whatsmeow appstate/encode.go, Baileys chatModificationToAppPatch).
import { proto } from '@whiskeysockets/baileys';
import { bytesField } from '../wire/protobuf-field.ts';
import { COLLECTIONS, type CollectionName } from './collections.ts';
import { type Operation, REMOVE, SET } from './macs.ts';
import type { Mutation } from './replica.ts';

/** JIDs in the form in which companions know the chat; times in unix milliseconds. */
export type PhoneAction =
  | { kind: 'pin'; chat: string; pinned: boolean }
  | { kind: 'mute'; chat: string; muted: boolean; until?: number | undefined }
  | { kind: 'archive'; chat: string; archived: boolean }
  | { kind: 'lock'; chat: string; locked: boolean }
  | { kind: 'markRead'; chat: string; read: boolean }
  | ({ kind: 'star'; starred: boolean } & MessageName)
  | ({ kind: 'deleteMessage'; deleteMedia: boolean } & MessageName)
  | { kind: 'deleteChat'; chat: string; deleteMedia: boolean }
  | { kind: 'clearChat'; chat: string; deleteStarred: boolean; deleteMedia: boolean }
  | {
      kind: 'contact';
      jid: string;
      fullName: string;
      firstName?: string | undefined;
      lid?: string | undefined;
    }
  | { kind: 'removeContact'; jid: string }
  | { kind: 'label'; id: string; name: string; color: number; deleted: boolean }
  | { kind: 'labelChat'; label: string; chat: string; labeled: boolean }
  | { kind: 'labelMessage'; label: string; chat: string; id: string; labeled: boolean }
  | { kind: 'quickReply'; id: string; shortcut: string; message: string; deleted: boolean }
  | { kind: 'muteStatus'; jid: string; muted: boolean }
  | { kind: 'pushName'; name: string }
  | { kind: 'locale'; locale: string }
  | { kind: 'timeFormat'; twentyFourHours: boolean }
  | { kind: 'unarchiveChats'; unarchive: boolean }
  | { kind: 'linkPreviews'; disabled: boolean }
  /** What companions make tokens for strangers from. */
  | { kind: 'nonContactSalt'; salt: Uint8Array }
  | {
      kind: 'raw';
      collection: CollectionName;
      index: string[];
      version: number;
      /** A SyncActionValue as protobuf's JSON; absent removes. */
      value?: Record<string, unknown> | undefined;
    };

interface MessageName {
  chat: string;
  id: string;
  fromMe: boolean;
  /** Who sent it, in a group. */
  participant?: string | undefined;
}

/** The last messages of a chat, which archive, read, clear and delete name so that later ones stay as they are. */
export type RangeOf = (chat: string) => proto.SyncActionValue.ISyncActionMessageRange;

type Value = Omit<proto.ISyncActionValue, 'timestamp'>;

/** The mutations of one action, by collection. `now` is in unix ms. */
export function mutationsOf(
  action: PhoneAction,
  range: RangeOf,
  now: number,
): { collection: CollectionName; mutation: Mutation }[] {
  const set = (collection: CollectionName, version: number, index: string[], value: Value) =>
    one(collection, SET, version, index, { ...value, timestamp: now });
  switch (action.kind) {
    case 'pin':
      return [pin(action.chat, action.pinned, now)];
    case 'mute': {
      // -1 is for ever (whatsmeow BuildMuteAbs).
      const muteAction = {
        muted: action.muted,
        ...(action.muted && { muteEndTimestamp: action.until ?? -1 }),
      };
      return [set('regular_high', 2, ['mute', action.chat], { muteAction })];
    }
    case 'archive': {
      const archiveChatAction = { archived: action.archived, messageRange: range(action.chat) };
      const archive = set('regular_low', 3, ['archive', action.chat], { archiveChatAction });
      // What is archived is not pinned (whatsmeow BuildArchive).
      return action.archived ? [archive, pin(action.chat, false, now)] : [archive];
    }
    case 'lock':
      return [set('regular_low', 7, ['lock', action.chat], { lockChatAction: { locked: action.locked } })];
    case 'markRead': {
      const markChatAsReadAction = { read: action.read, messageRange: range(action.chat) };
      return [set('regular_low', 3, ['markChatAsRead', action.chat], { markChatAsReadAction })];
    }
    case 'star': {
      // Here, though Baileys writes its own stars to regular_low: WA Web and whatsmeow have it here.
      const index = ['star', ...messageIndex(action)];
      return [set('regular_high', 2, index, { starAction: { starred: action.starred } })];
    }
    case 'deleteMessage': {
      const deleteMessageForMeAction = {
        deleteMedia: action.deleteMedia,
        messageTimestamp: Math.floor(now / 1000),
      };
      const index = ['deleteMessageForMe', ...messageIndex(action)];
      return [set('regular_high', 3, index, { deleteMessageForMeAction })];
    }
    case 'deleteChat': {
      const index = ['deleteChat', action.chat, flag(action.deleteMedia)];
      return [set('regular_high', 6, index, { deleteChatAction: { messageRange: range(action.chat) } })];
    }
    case 'clearChat': {
      const index = ['clearChat', action.chat, flag(action.deleteStarred), flag(action.deleteMedia)];
      return [set('regular_high', 6, index, { clearChatAction: { messageRange: range(action.chat) } })];
    }
    case 'contact': {
      const { jid, fullName, firstName, lid } = action;
      const contactAction = {
        fullName,
        saveOnPrimaryAddressbook: true,
        ...(firstName !== undefined && { firstName }),
        ...(lid !== undefined && { lidJid: lid }),
      };
      return [set('critical_unblock_low', 2, ['contact', jid], { contactAction })];
    }
    case 'removeContact':
      return [one('critical_unblock_low', REMOVE, 2, ['contact', action.jid], { timestamp: now })];
    case 'label': {
      const { id, name, color, deleted } = action;
      return [set('regular', 3, ['label_edit', id], { labelEditAction: { name, color, deleted } })];
    }
    case 'labelChat': {
      const { label, chat, labeled } = action;
      return [set('regular', 3, ['label_jid', label, chat], { labelAssociationAction: { labeled } })];
    }
    case 'labelMessage': {
      const { label, chat, id, labeled } = action;
      const index = ['label_message', label, chat, id, '0', '0'];
      return [set('regular', 3, index, { labelAssociationAction: { labeled } })];
    }
    case 'quickReply': {
      const { id, shortcut, message, deleted } = action;
      const quickReplyAction = { shortcut, message, deleted, count: 0, keywords: [] };
      return [set('regular', 2, ['quick_reply', id], { quickReplyAction })];
    }
    case 'muteStatus': {
      const userStatusMuteAction = { muted: action.muted };
      return [set('regular_high', 7, ['userStatusMute', action.jid], { userStatusMuteAction })];
    }
    case 'pushName':
      return [set('critical_block', 1, ['setting_pushName'], { pushNameSetting: { name: action.name } })];
    case 'locale':
      return [set('critical_block', 3, ['setting_locale'], { localeSetting: { locale: action.locale } })];
    case 'timeFormat': {
      const timeFormatAction = { isTwentyFourHourFormatEnabled: action.twentyFourHours };
      return [set('regular_low', 7, ['time_format'], { timeFormatAction })];
    }
    case 'unarchiveChats': {
      const unarchiveChatsSetting = { unarchiveChats: action.unarchive };
      return [set('regular_low', 4, ['setting_unarchiveChats'], { unarchiveChatsSetting })];
    }
    case 'linkPreviews': {
      const value = { privacySettingDisableLinkPreviewsAction: { isPreviewsDisabled: action.disabled } };
      return [set('regular', 8, ['setting_disableLinkPreviews'], value)];
    }
    case 'nonContactSalt': {
      const { collection, mutation } = set('regular_high', 1, ['nct_salt_sync'], {});
      // NctSaltSyncAction{salt = 1} (whatsapp-rust waproto).
      return [{ collection, mutation: { ...mutation, more: bytesField(80, bytesField(1, action.salt)) } }];
    }
    case 'raw': {
      const { collection, version, index, value } = action;
      if (value === undefined) return [one(collection, REMOVE, version, index, { timestamp: now })];
      return [set(collection, version, index, proto.SyncActionValue.fromObject(value))];
    }
  }
}

function pin(chat: string, pinned: boolean, now: number) {
  return one('regular_low', SET, 5, ['pin_v1', chat], { pinAction: { pinned }, timestamp: now });
}

function one(
  collection: CollectionName,
  operation: Operation,
  version: number,
  index: string[],
  value: proto.ISyncActionValue,
): { collection: CollectionName; mutation: Mutation } {
  return { collection, mutation: { operation, version, index, value } };
}

function messageIndex({ chat, id, fromMe, participant }: MessageName): string[] {
  return [chat, id, flag(fromMe), fromMe || participant === undefined ? '0' : participant];
}

function flag(set: boolean): '0' | '1' {
  return set ? '1' : '0';
}

/** Collections in the order in which their patches are written. */
export function byCollection(
  mutations: readonly { collection: CollectionName; mutation: Mutation }[],
): [CollectionName, Mutation[]][] {
  return COLLECTIONS.flatMap(name => {
    const own = mutations.filter(({ collection }) => collection === name).map(({ mutation }) => mutation);
    return own.length > 0 ? [[name, own] as [CollectionName, Mutation[]]] : [];
  });
}
