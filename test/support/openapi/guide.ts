// Knows what requests may name so that they succeed: what there is around each device, and what answers told of.
import { pick } from '../random.ts';
import type { ApiOperation } from './document.ts';
import type { Known } from './generate.ts';
import { oddText } from './odd.ts';
import { type Place, POLL, type Said, soon } from './place.ts';
import type { Guide, Heard } from './shake.ts';

type Random = () => number;

/** Devices by what they are for. */
export interface Fleet {
  /** Asked everything that leaves them linked, each in its place. */
  readonly shaken: readonly Place[];
  /** Spent by whatever comes. */
  readonly givenUp: readonly string[];
  /** For one operation each, which a device cannot bear often, or which another would keep from succeeding. */
  readonly reserved: Readonly<Record<string, readonly string[]>>;
}

export interface Belongings {
  readonly fleet: Fleet;
  readonly passphrase: string;
  readonly archives: Uint8Array[];
  /** Of devices that are shaken; those that are made on the way are removed first. */
  readonly webhooks: readonly string[];
  readonly samples: Readonly<Record<'picture' | 'film' | 'sound', Buffer>>;
}

/** What an operation spends, when it succeeds. */
type Spends = (place: Place, known: Known) => void;

function without<T>(list: T[], gone: (one: T) => boolean): void {
  const at = list.findIndex(gone);
  if (at >= 0) list.splice(at, 1);
}

const spends: Readonly<Record<string, Spends>> = {
  leaveGroup: ({ spare }, { group_id }) => without(spare.groups, one => one === group_id),
  leaveCommunity: ({ spare }, { community_id }) => without(spare.communities, one => one === community_id),
  deactivateCommunity: ({ spare }, { community_id }) =>
    without(spare.communities, one => one === community_id),
  deleteNewsletter: ({ spare }, { newsletter_id }) => without(spare.channels, one => one === newsletter_id),
  deleteLabel: ({ spare }, { label_id }) => without(spare.labels, one => one === label_id),
  joinGroupWithLink: ({ links }, { link }) => without(links, code => String(link).endsWith(code)),
  joinCommunityGroup: ({ inside }, { group_id }) => without(inside, ({ group }) => group === group_id),
  acceptGroupInvite: ({ invitations }, { code }) => without(invitations, one => one.code === code),
  demoteNewsletterAdmin: ({ shared }, { newsletter_id }) =>
    without(shared, ({ jid }) => jid === newsletter_id),
  changeNewsletterOwner: ({ shared }, { newsletter_id }) =>
    without(shared, ({ jid }) => jid === newsletter_id),
  deleteMessage: ({ ours }, { message_id }) => without(ours, ({ id }) => id === message_id),
  revokeMessage: ({ ours }, { message_id }) => without(ours, ({ id }) => id === message_id),
};

/** What an answer tells of: the field of its results, and where it goes. */
const tells: Readonly<Record<string, readonly [field: string, to: keyof Place['spare']]>> = {
  createGroup: ['group_id', 'groups'],
  createCommunity: ['community_id', 'communities'],
  createNewsletter: ['newsletter_id', 'channels'],
  createLabel: ['id', 'labels'],
};

/** What is kept of each kind: the newest. */
const MOST = 50;
function keep<T>(list: T[], one: T): void {
  list.push(one);
  if (list.length > MOST) list.shift();
}

export function makeGuide({ fleet, passphrase, archives, samples, webhooks }: Belongings): Guide {
  const { shaken, givenUp, reserved } = fleet;
  const keys: string[] = [];
  const tokens: string[] = [];
  const webhooksMade: string[] = [];
  const events: string[] = [];
  let devicesMade = 0;
  const spendsDevices = (id: string) => id in reserved;
  const placeOf = (device: string | undefined) => shaken.find(place => place.device === device);

  return {
    device({ operationId: id }, random) {
      const mine = reserved[id];
      if (mine) return random() < 0.7 ? pick(random, mine) : pick(random, givenUp);
      const chance = random();
      if (chance < 0.84) return pick(random, shaken).device;
      if (chance < 0.9) return pick(random, givenUp);
      if (chance < 0.94) return 'nobody';
      return chance < 0.97 ? Buffer.from(oddText(random)).toString() : undefined;
    },

    known(operation, device, random) {
      const place = placeOf(device) ?? pick(random, shaken);
      const { operationId: id } = operation;
      return {
        ...anywhere(random, passphrase, samples),
        ...peopleOf(place, id, random),
        ...groupsOf(place, id, random),
        ...channelsOf(place, id, random),
        ...messagesOf(place, operation, random),
        ...(keys.length > 0 && { key_id: pick(random, keys) }),
        ...(tokens.length > 0 && { token: pick(random, tokens) }),
        ...(id !== 'deleteWebhook' && { webhook_id: pick(random, webhooks) }),
        ...(id === 'deleteWebhook' && webhooksMade.length > 0 && { webhook_id: pick(random, webhooksMade) }),
        ...(events.length > 0 && { event_id: pick(random, events) }),
        ...(archives.length > 0 && { body: archives[0] }),
        ...deviceOf(id, device),
      };
    },

    learn({ operationId: id, path }, device, known, heard) {
      const results = resultsOf(heard);
      if (id === 'createKey' || id === 'rotateKey') keep(keys, String(results.key_id));
      if (id === 'revokeKey') without(keys, one => one === known.key_id);
      if (id === 'importDevice') archives.shift();
      if (id === 'createWebhook') keep(webhooksMade, String(results.webhook_id));
      if (id === 'deleteWebhook') without(webhooksMade, one => one === known.webhook_id);
      if (id === 'listEvents') for (const event of results.events as { id: string }[]) keep(events, event.id);
      if (id === 'downloadMessageMedia') keep(tokens, String(results.file_url).split('/').at(-1) ?? '');
      const place = placeOf(device);
      if (!place) return;
      spends[id]?.(place, known);
      const [field, to] = tells[id] ?? [];
      if (field && to) keep(place.spare[to], String(results[field]));
      if (!path.startsWith('/send/') || typeof results.message_id !== 'string') return;
      const [, chat] = / ([^ ]+@[^ ]+) \(/.exec(String(results.status)) ?? [];
      if (!chat?.endsWith('@s.whatsapp.net')) return;
      keep({ sendPoll: place.polls, sendEvent: place.events }[id] ?? place.ours, {
        id: results.message_id,
        chat,
      });
    },
  };

  function deviceOf(id: string, device: string | undefined): Known {
    const fresh = ['addDevice', 'importDevice'].includes(id);
    return {
      ...(device !== undefined && { device_id: device, 'X-Device-Id': device }),
      ...(fresh && { device_id: `made-${devicesMade++}` }),
      devices: shaken.map(place => place.device),
      ...(spendsDevices(id) && { phone: '15550009999' }),
    };
  }
}

function resultsOf({ body }: Heard): Record<string, unknown> {
  const { results } = (typeof body === 'object' && body !== null ? body : {}) as { results?: unknown };
  return typeof results === 'object' && results !== null ? (results as Record<string, unknown>) : {};
}

/** What is right wherever it is asked. */
function anywhere(
  random: Random,
  passphrase: string,
  { picture, film, sound }: Belongings['samples'],
): Known {
  const file = (bytes: Buffer, name: string) => new File([new Uint8Array(bytes)], name);
  const image = file(picture, 'picture.png');
  return {
    // To make something of a file costs more than all else, so most are none.
    ...(random() < 0.5 && {
      ...{ image, sticker: image, avatar: image, photo: image, file: image },
      video: file(film, 'film.mp4'),
      audio: file(sound, 'sound.ogg'),
      files: [image, image],
    }),
    'X-Archive-Passphrase': passphrase,
    'Idempotency-Key': Math.floor(random() * 1e12)
      .toString(36)
      .padStart(8, '0'),
    webhook_url: 'http://127.0.0.1:9/hook',
    url: 'http://127.0.0.1:9/hook',
    events: ['message', 'message.ack'],
    event: 'message',
    types: 'message',
    'Last-Event-ID': '',
    webhook_events: 'message,message.ack',
    proxy_url: '',
    emoji: '🙏',
    background_color: '#128C7E',
    link: 'https://example.com/tides',
    latitude: 12.5,
    longitude: -7.25,
    accuracy: 5,
    speed: 1,
    heading: 90,
    start_time: soon(1),
    end_time: soon(2),
    until: soon(24),
    expires_at: soon(24),
    invite_expiration: soon(24),
    since: '2020-01-01T00:00:00Z',
    before: '',
    after: '',
    font: 1,
    hd: false,
  };
}

function peopleOf({ people, passers }: Place, id: string, random: Random): Known {
  const [friend = '', mate = ''] = people;
  const person = (chance: Random) => {
    const one = pick(chance, people);
    return chance() < 0.5 ? one : `${one}@s.whatsapp.net`;
  };
  const more = random() < 0.1 ? pick(random, passers) : mate;
  return {
    phone: person(random),
    participants: person,
    mentions: person,
    recipients: person,
    phones: person,
    contact_phone: person,
    caller_jid: `${friend}@s.whatsapp.net`,
    inviter: more,
    participant: friend,
    chat_jid: `${friend}@s.whatsapp.net`,
    contacts: [{ name: 'Ana', phone: friend }],
    ...(id.startsWith('userBusiness') && { phone: mate, limit: '5' }),
    ...(id === 'userAvatar' && { phone: friend }),
  };
}

function groupsOf(place: Place, id: string, random: Random): Known {
  const { groups, communities, spare, links, inside, invitations, followed } = place;
  const own = {
    group_id: pick(random, groups),
    group_ids: (chance: Random) => pick(chance, groups),
    community_id: pick(random, communities),
  };
  switch (id) {
    case 'leaveGroup':
      return first('group_id', spare.groups);
    case 'leaveCommunity':
    case 'deactivateCommunity':
      return first('community_id', spare.communities);
    case 'joinGroupWithLink':
    case 'groupInfoFromLink':
      return { ...own, link: `https://chat.whatsapp.com/${links[0]}` };
    case 'newsletterInfo':
    case 'followNewsletter':
      return { ...own, link: `https://whatsapp.com/channel/${followed.code}` };
    case 'joinCommunityGroup':
      return { ...own, ...(inside[0] && { community_id: inside[0].community, group_id: inside[0].group }) };
    case 'acceptGroupInvite':
      return { ...invitations[0] };
    case 'groupInviteInfo':
      return { ...invitations.at(-1) };
    case 'sendGroupInvite':
      return { ...own, invite_code: 'AbCdEfGh1234' };
    default:
      return own;
  }
}

function channelsOf({ channels, spare, followed, heard, shared }: Place, id: string, random: Random): Known {
  switch (id) {
    case 'deleteNewsletter':
      return first('newsletter_id', spare.channels);
    case 'demoteNewsletterAdmin':
    case 'changeNewsletterOwner':
      return shared[0] ? { newsletter_id: shared[0].jid, participant: shared[0].admin } : {};
    case 'followNewsletter':
    case 'unfollowNewsletter':
      return { newsletter_id: followed.jid };
    case 'muteNewsletter':
    case 'unmuteNewsletter':
      return { newsletter_id: heard };
    case 'newsletterInfo':
    case 'newsletterMessages':
    case 'reactToNewsletterMessage':
    case 'followNewsletterLive':
      return { newsletter_id: followed.jid, server_id: pick(random, followed.posts), before: 0 };
    default:
      return { newsletter_id: pick(random, channels) };
  }
}

function messagesOf(place: Place, { operationId: id, path }: ApiOperation, random: Random): Known {
  const { theirs, ours, polls, events, files, labels, spare, calls, passers } = place;
  const named = ({ id, chat }: Said) => ({
    message_id: id,
    ...(path.startsWith('/message/') && { phone: chat }),
  });
  const any = named(pick(random, [...theirs, ...ours.slice(-4)]));
  const label = { label_id: pick(random, labels) };
  switch (id) {
    case 'votePoll':
      return { ...named(pick(random, polls)), options: [pick(random, POLL)] };
    case 'sendPoll':
      return { options: [...POLL], max_answer: 1 };
    case 'answerEvent':
      return named(pick(random, events));
    case 'downloadMessageMedia':
      return named(pick(random, files));
    case 'updateMessage':
    case 'getMessageStatus':
    case 'revokeMessage':
    case 'deleteMessage':
      return ours.length > 0 ? named(ours.at(-1) as Said) : any;
    case 'deleteLabel':
      return first('label_id', spare.labels);
    case 'deleteChat':
    case 'clearChat':
      return { chat_jid: `${pick(random, passers)}@s.whatsapp.net` };
    case 'rejectCall': {
      const { id: call_id, caller } = pick(random, calls);
      return { call_id, caller_jid: `${caller}@s.whatsapp.net` };
    }
    case 'createCallLink':
      return { start_time: Math.floor(Date.parse(soon(1)) / 1000) };
    case 'searchMessages':
      return { q: 'hello', ...past };
    case 'getChatMessages':
      return past;
    default:
      return {
        ...any,
        ...label,
        reply_message_id: '',
        ...(random() < 0.3 && replying(pick(random, theirs))),
      };
  }
}

const replying = ({ id, chat }: Said) => ({ reply_message_id: id, phone: chat });
const past = { start_time: '2020-01-01T00:00:00Z', end_time: soon(24) };

/** One that is to be spent, under the name that it has in a request. */
function first(name: string, list: readonly string[]): Known {
  return list[0] === undefined ? {} : { [name]: list[0] };
}
