// A request or more for every operation of gowa's contract, which together give every documented field.
import { DEVICE, type GowaWorld } from './world.ts';

export interface Call {
  /** The device in the X-Device-Id header; null for none. */
  readonly device?: string | null;
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as the operation's documented type. A `Blob` is a file. */
  readonly body?: Readonly<Record<string, unknown>>;
}

export type MakeCall = (world: GowaWorld) => Call | Promise<Call>;

const DAY = 86_400;
const jid = (phone: string) => `${phone}@s.whatsapp.net`;
const nothing: MakeCall = () => ({ device: DEVICE });
const png = ({ picture }: GowaWorld) => new Blob([new Uint8Array(picture)], { type: 'image/png' });

const received: MakeCall = async world => ({
  path: { message_id: await world.received() },
  body: { phone: jid(world.contact) },
});
const sent: MakeCall = async world => ({
  path: { message_id: await world.sent() },
  body: { phone: jid(world.contact) },
});
const chat = (body: Record<string, unknown>): MakeCall => {
  return async world => {
    await world.received();
    return { path: { chat_jid: jid(world.contact) }, body };
  };
};
const group = (body: Record<string, unknown> = {}): MakeCall => {
  return async world => ({ body: { group_id: (await world.group()).jid, ...body } });
};
const askedGroup: MakeCall = async world => ({ query: { group_id: (await world.group()).jid } });
/** A group in which the friend waits to be let in. */
const waiting = async (world: GowaWorld) => {
  const { jid: group } = await world.group({ approval: true });
  await world.simulator.call('changeGroup', {
    params: { group },
    body: { by: world.friend, change: { type: 'join' } },
  });
  return group;
};
const ofWaiting: MakeCall = async world => ({
  body: { group_id: await waiting(world), participants: [world.friend] },
});
const ofMember: MakeCall = async world => ({
  body: { group_id: (await world.group()).jid, participants: [jid(world.contact)] },
});
let made = 0;
/** A new device that is not linked. */
const unlinked = async ({ api }: GowaWorld) => {
  made += 1;
  const id = `unlinked-${made}`;
  await api('POST', '/devices', { device_id: id });
  return id;
};

const app: Readonly<Record<string, readonly MakeCall[]>> = {
  health: [() => ({ device: null })],
  appLogin: [async world => ({ device: await unlinked(world) })],
  appLoginWithCode: [async world => ({ device: await unlinked(world), query: { phone: '628912344551' } })],
  appPasskeyStatus: [nothing],
  appPasskeyResponse: [
    () => ({
      body: {
        id: 'XcnXe2W9me1XZTGii6JI9A',
        rawId: 'XcnXe2W9me1XZTGii6JI9A',
        type: 'public-key',
        response: { clientDataJSON: 'e30', authenticatorData: 'AAAA', signature: 'AAAA', userHandle: null },
      },
    }),
  ],
  appPasskeyConfirm: [nothing],
  appLogout: [async world => ({ device: await world.spare() })],
  appReconnect: [async world => ({ device: await world.spare() })],
  appDevices: [nothing],
  appStatus: [nothing],
  appInfo: [() => ({ device: null })],
};

const devices: Readonly<Record<string, readonly MakeCall[]>> = {
  listDevices: [() => ({ device: null })],
  addDevice: [
    () => ({ device: null, body: {} }),
    () => ({
      device: null,
      body: {
        device_id: 'my-custom-device-id',
        webhook_url: 'https://device-webhook.example.com/handler',
        webhook_secret: 'super-secret-key',
        webhook_events: 'message,message.ack',
        webhook_insecure_skip_verify: false,
      },
    }),
  ],
  getDevice: [() => ({ path: { device_id: DEVICE } })],
  removeDevice: [async world => ({ path: { device_id: await unlinked(world) } })],
  loginDevice: [async world => ({ path: { device_id: await unlinked(world) } })],
  loginDeviceWithCode: [
    async world => ({ path: { device_id: await unlinked(world) }, query: { phone: '628912344552' } }),
  ],
  logoutDevice: [async world => ({ path: { device_id: await world.spare() } })],
  reconnectDevice: [async world => ({ path: { device_id: await world.spare() } })],
  getDeviceStatus: [() => ({ path: { device_id: DEVICE } })],
  getDeviceWebhook: [() => ({ path: { device_id: DEVICE } })],
  updateDeviceWebhook: [
    async world => ({
      path: { device_id: await unlinked(world) },
      body: {
        webhook_url: 'https://example.com/webhook',
        webhook_secret: 'super-secret-key',
        webhook_events: 'message,message.ack',
        webhook_insecure_skip_verify: false,
      },
    }),
    async world => ({ path: { device_id: await unlinked(world) }, body: { webhook_url: '' } }),
  ],
};

const user: Readonly<Record<string, readonly MakeCall[]>> = {
  userInfo: [({ contact }) => ({ query: { phone: jid(contact) } })],
  userAvatar: [
    ({ contact }) => ({ query: { phone: jid(contact), is_preview: 'true', is_community: 'false' } }),
  ],
  userChangeAvatar: [world => ({ body: { avatar: png(world) } })],
  userChangePushName: [() => ({ body: { push_name: 'John Doe' } })],
  userMyPrivacy: [nothing],
  userMyGroups: [
    async world => {
      await world.group();
      return {};
    },
  ],
  userMyNewsletter: [nothing],
  userMyContacts: [nothing],
  userCheck: [({ contact }) => ({ query: { phone: contact } })],
  userBusinessProfile: [({ business }) => ({ query: { phone: jid(business) } })],
};

/** What all messages may have, as gowa's document lists it for each. */
const late = { duration: DAY, is_forwarded: true };
const file = (world: GowaWorld, field: string, rest: Record<string, unknown> = {}) => ({
  body: { phone: jid(world.contact), [field]: png(world), ...late, ...rest },
});

const send: Readonly<Record<string, readonly MakeCall[]>> = {
  sendMessage: [
    ({ contact }) => ({ body: { phone: contact, message: 'selamat malam' } }),
    async world => ({
      body: {
        phone: jid(world.contact),
        message: 'selamat malam @everyone',
        reply_message_id: await world.received(),
        mentions: [world.friend, '@everyone'],
        ...late,
      },
    }),
  ],
  sendImage: [
    async world =>
      file(world, 'image', {
        caption: 'selamat malam',
        reply_message_id: await world.received(),
        view_once: false,
        compress: false,
        hd: true,
      }),
  ],
  sendFile: [
    async world =>
      file(world, 'file', { caption: 'selamat malam', reply_message_id: await world.received() }),
  ],
  sendAudio: [
    async world => ({
      body: {
        phone: jid(world.contact),
        audio: new Blob([new Uint8Array(world.sound)], { type: 'audio/wav' }),
        ptt: false,
        reply_message_id: await world.received(),
        ...late,
      },
    }),
  ],
  sendVideo: [
    async world => ({
      body: {
        phone: jid(world.contact),
        video: new Blob([new Uint8Array(world.film)], { type: 'video/mp4' }),
        caption: 'ini contoh caption video',
        reply_message_id: await world.received(),
        view_once: false,
        compress: false,
        hd: true,
        gif_playback: false,
        ...late,
      },
    }),
  ],
  sendSticker: [world => file(world, 'sticker')],
  sendContact: [
    ({ contact, friend }) => ({
      body: { phone: jid(contact), contact_name: 'Aldino Kemal', contact_phone: friend, ...late },
    }),
  ],
  sendLink: [
    ({ contact }) => ({
      body: { phone: jid(contact), link: 'https://example.com', caption: 'Halo ini contoh caption', ...late },
    }),
  ],
  sendLocation: [
    ({ contact }) => ({
      body: { phone: jid(contact), latitude: '-7.797068', longitude: '110.370529', ...late },
    }),
  ],
  sendPoll: [
    ({ contact }) => ({
      body: {
        phone: jid(contact),
        question: 'Siapa Nama Avatar The Last Air Bender?',
        options: ['Zuko', 'Aang', 'Katara'],
        max_answer: 2,
        duration: DAY,
      },
    }),
  ],
  sendPresence: [() => ({ body: { type: 'available', is_forwarded: false } })],
  sendChatPresence: [
    ({ contact }) => ({ body: { phone: jid(contact), action: 'start' } }),
    ({ contact }) => ({ body: { phone: jid(contact), action: 'stop' } }),
  ],
};

const message: Readonly<Record<string, readonly MakeCall[]>> = {
  revokeMessage: [sent],
  deleteMessage: [received],
  reactMessage: [
    async world => ({
      path: { message_id: await world.received() },
      body: { phone: jid(world.contact), emoji: '🙏' },
    }),
  ],
  updateMessage: [
    async world => ({
      path: { message_id: await world.sent() },
      body: { phone: jid(world.contact), message: 'Hello World' },
    }),
  ],
  readMessage: [received],
  starMessage: [received],
  unstarMessage: [received],
  forwardMessage: [
    async world => ({
      path: { message_id: await world.received() },
      body: { phone: jid(world.friend), duration: 0, force_reupload: false },
    }),
  ],
  downloadMessageMedia: [
    async world => ({
      path: { message_id: await world.receivedPicture() },
      query: { phone: jid(world.contact) },
    }),
  ],
  rejectCall: [
    async world => {
      const { id } = await world.simulator.call('call', {
        params: { phone: world.contact },
        body: { to: world.own },
      });
      return { body: { caller_jid: jid(world.contact), call_id: id } };
    },
  ],
};

const chats: Readonly<Record<string, readonly MakeCall[]>> = {
  listChats: [
    async world => {
      await world.received();
      return {};
    },
    () => ({ query: { limit: '25', offset: '0', search: 'Per', has_media: 'false', archived: 'false' } }),
  ],
  getChatMessages: [
    async world => {
      await world.received();
      return { path: { chat_jid: jid(world.contact) } };
    },
    async world => {
      await world.received();
      const query = {
        limit: '50',
        offset: '0',
        start_time: '2024-01-15T10:30:00Z',
        end_time: '2124-01-15T10:30:00Z',
        media_only: 'false',
        is_from_me: 'false',
        search: 'Ahoy',
      };
      return { path: { chat_jid: jid(world.contact) }, query };
    },
  ],
  pinChat: [chat({ pinned: true })],
  setDisappearingTimer: [chat({ timer_seconds: DAY })],
  archiveChat: [chat({ archived: true })],
};

const groups: Readonly<Record<string, readonly MakeCall[]>> = {
  groupInfo: [askedGroup],
  createGroup: [
    ({ contact, friend }) => ({ body: { title: 'Example Group Title', participants: [contact, friend] } }),
  ],
  getGroupParticipants: [askedGroup],
  addParticipantToGroup: [
    async world => ({ body: { group_id: (await world.group()).jid, participants: [world.friend] } }),
  ],
  exportGroupParticipants: [askedGroup],
  removeParticipantFromGroup: [ofMember],
  promoteParticipantToAdmin: [ofMember],
  demoteParticipantToMember: [ofMember],
  joinGroupWithLink: [
    async world => ({ body: { link: `https://chat.whatsapp.com/${(await world.foreignGroup()).code}` } }),
  ],
  getGroupInfoFromLink: [
    async world => ({ query: { link: `https://chat.whatsapp.com/${(await world.foreignGroup()).code}` } }),
  ],
  getGroupParticipantRequests: [async world => ({ query: { group_id: await waiting(world) } })],
  approveGroupParticipantRequest: [ofWaiting],
  rejectGroupParticipantRequest: [ofWaiting],
  leaveGroup: [group()],
  setGroupPhoto: [
    async world => ({ body: { group_id: (await world.group()).jid, photo: png(world) } }),
    group(),
  ],
  setGroupName: [group({ name: 'New Group Name' })],
  setGroupLocked: [group({ locked: true })],
  setGroupAnnounce: [group({ announce: true })],
  setGroupTopic: [group({ topic: 'Welcome to our group! Please follow the rules.' }), group()],
  groupInviteLink: [
    async world => ({ query: { group_id: (await world.group()).jid, reset: 'false' } }),
    async world => ({ query: { group_id: (await world.group()).jid, reset: 'true' } }),
  ],
};

const newsletters: Readonly<Record<string, readonly MakeCall[]>> = {
  getNewsletterMessages: [
    ({ channel }) => ({ query: { newsletter_id: channel } }),
    ({ channel }) => ({ query: { newsletter_id: channel, count: '10', before: '1000' } }),
  ],
  unfollowNewsletter: [({ channel }) => ({ body: { newsletter_id: channel } })],
};

/** In this order: what is unfollowed cannot be read any more. */
export const calls: Readonly<Record<string, readonly MakeCall[]>> = {
  ...app,
  ...devices,
  ...user,
  ...send,
  ...message,
  ...chats,
  ...groups,
  ...newsletters,
};
