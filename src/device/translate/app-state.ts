/**
 * What a person did on the phone, or on another device, that all devices of the account share: chats pinned, messages
 * starred, contacts saved, labels given. Each action says what it is of and when, so that it is one event however often it
 * is found. Baileys' events of them leave out when it was and half of a label (Utils/chat-utils.ts, processSyncAction).
 */
import { isLidUser, proto } from '@whiskeysockets/baileys';
import type { EventName } from '../../journal/names.ts';
import { bare, party } from '../jid.ts';
import type { Told } from './envelope.ts';
import { type Fields, given, LAST_TIME, nameIn, number, positive, text, timestamp } from './read.ts';

/** One action as Baileys has decoded it: what it is of (`index`), and what it says. */
export interface Action {
  readonly index: readonly string[];
  readonly value: proto.ISyncActionValue;
}

type Said = readonly [event: EventName, fields: Fields, more?: Pick<Told, 'recalls'>];

/** The event of an action; none for one that is told nowhere. `now` (ms) stands in for a time that it has not. */
export function fromAction({ index, value }: Action, now: number): Told[] {
  const [kind = ''] = index;
  const read = Object.hasOwn(actions, kind) ? actions[kind] : undefined;
  const said = read?.(value, index);
  if (!said) return [];
  const [event, fields, more] = said;
  const time = positive(value.timestamp);
  const at = time !== undefined && time < LAST_TIME ? time : now;
  return [
    {
      event,
      at,
      ...(time !== undefined && { identity: JSON.stringify([...index, time]) }),
      payload: { ...fields, timestamp: new Date(at).toISOString() },
      ...more,
    },
  ];
}

function chatOf(jid: string | undefined): Fields {
  const { shown, lid } = party(jid, undefined);
  return given({ chat_id: shown, chat_lid: lid ?? (isLidUser(shown) ? shown : undefined) });
}

const chat = (jid: string | undefined, fields: Fields): Said => [
  'chat.updated',
  { ...chatOf(jid), ...fields },
];

type Read = (value: proto.ISyncActionValue, index: readonly string[]) => Said | undefined;

const { ListType } = proto.SyncActionValue.LabelEditAction;

/** By the first part of the index (whatsapp-rust wacore/appstate/src/schemas.rs, whatsmeow appstate/keys.go). */
const actions: Readonly<Record<string, Read>> = {
  mute: ({ muteAction }, [, jid]) => {
    const end = number(muteAction?.muteEndTimestamp);
    // -1 is for ever.
    return chat(jid, { muted: muteAction?.muted === true, ...given({ muted_until: timestamp(end, 1) }) });
  },
  pin_v1: ({ pinAction }, [, jid]) => chat(jid, { pinned: pinAction?.pinned === true }),
  archive: ({ archiveChatAction }, [, jid]) => chat(jid, { archived: archiveChatAction?.archived === true }),
  lock: ({ lockChatAction }, [, jid]) => chat(jid, { locked: lockChatAction?.locked === true }),
  markChatAsRead: ({ markChatAsReadAction }, [, jid]) =>
    chat(jid, { unread: markChatAsReadAction?.read !== true }),
  clearChat: (_, [, jid]) => chat(jid, { cleared: true }),
  deleteChat: (_, [, jid]) => chat(jid, { deleted: true }),
  star: ({ starAction }, index) => [
    'message.starred',
    { ...messageOf(index), starred: starAction?.starred === true },
  ],
  deleteMessageForMe: (_, index) => {
    const { message_id, chat_id, chat_lid, from, from_lid, is_from_me } = messageOf(index);
    const who = given({ from, from_lid });
    return [
      'message.deleted',
      {
        deleted_message_id: message_id,
        chat_id,
        ...given({ chat_lid }),
        ...who,
        ...(from !== undefined && { sender_display_name: '' }),
        was_from_me: is_from_me,
      },
      { recalls: { chat: String(chat_id), id: String(message_id) } },
    ];
  },
  contact: ({ contactAction }, [, jid]) => {
    const { shown, lid } = party(jid, contactAction?.lidJid ?? contactAction?.pnJid);
    const saved = contactAction
      ? given({ name: text(contactAction.fullName), first_name: text(contactAction.firstName) })
      : { removed: true };
    return ['contact.updated', { jid: shown, ...given({ lid }), ...saved }];
  },
  lid_contact: ({ lidContactAction }, [, jid]) => {
    const names = given({
      name: text(lidContactAction?.fullName),
      first_name: text(lidContactAction?.firstName),
    });
    return ['contact.updated', { jid: bare(jid), lid: bare(jid), ...names }];
  },
  userStatusMute: ({ userStatusMuteAction }, [, jid]) => [
    'contact.updated',
    { jid: bare(jid), status_muted: userStatusMuteAction?.muted === true },
  ],
  label_edit: ({ labelEditAction: label }, [, id]) =>
    label
      ? [
          'label.edit',
          {
            label_id: id ?? '',
            ...given({
              name: text(label.name),
              color: number(label.color),
              predefined_id: label.predefinedId == null ? undefined : String(label.predefinedId),
              deleted: label.deleted ?? undefined,
              order_index: number(label.orderIndex),
              is_active: label.isActive ?? undefined,
              type: nameIn(ListType, label.type),
              is_immutable: label.isImmutable ?? undefined,
              mute_end_time_ms: number(label.muteEndTimeMs),
            }),
          },
        ]
      : undefined,
  label_jid: ({ labelAssociationAction }, [, label, jid]) => [
    'label.association',
    { label_id: label ?? '', labeled: labelAssociationAction?.labeled === true, ...chatOf(jid) },
  ],
  label_message: ({ labelAssociationAction }, [, label, jid, id]) => [
    'label.association',
    {
      label_id: label ?? '',
      labeled: labelAssociationAction?.labeled === true,
      ...chatOf(jid),
      message_id: id ?? '',
    },
  ],
  quick_reply: ({ quickReplyAction: reply }, [, id]) => [
    'settings.updated',
    {
      quick_reply: given({
        id: id ?? '',
        shortcut: text(reply?.shortcut),
        message: text(reply?.message),
        deleted: reply?.deleted === true ? true : undefined,
      }),
    },
  ],
  setting_pushName: ({ pushNameSetting }) => setting({ push_name: text(pushNameSetting?.name) }),
  setting_locale: ({ localeSetting }) => setting({ locale: text(localeSetting?.locale) }),
  setting_unarchiveChats: ({ unarchiveChatsSetting }) =>
    setting({ unarchive_chats: unarchiveChatsSetting?.unarchiveChats === true }),
  setting_disableLinkPreviews: ({ privacySettingDisableLinkPreviewsAction: action }) =>
    setting({ link_previews_disabled: action?.isPreviewsDisabled === true }),
  setting_relayAllCalls: ({ privacySettingRelayAllCalls: action }) =>
    setting({ relay_all_calls: action?.isEnabled === true }),
  time_format: ({ timeFormatAction }) =>
    setting({ twenty_four_hours: timeFormatAction?.isTwentyFourHourFormatEnabled === true }),
};

function setting(fields: Fields): Said | undefined {
  const known = given(fields);
  return Object.keys(known).length > 0 ? ['settings.updated', known] : undefined;
}

/** `[kind, chat, id, fromMe, participant]`; a participant of `0` is none. */
function messageOf([, jid, id, fromMe, participant]: readonly string[]) {
  const own = fromMe === '1';
  const { shown, lid } = party(
    participant && participant !== '0' ? participant : own ? undefined : jid,
    undefined,
  );
  return {
    message_id: id ?? '',
    ...chatOf(jid),
    ...given({ from: shown || undefined, from_lid: lid ?? (isLidUser(shown) ? shown : undefined) }),
    is_from_me: own,
  } as Fields;
}
