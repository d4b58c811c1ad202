// A chat's messages as rows to show: reactions, edits and revocations become part of the message that they are about.
import { ofPhone } from './api.js';
import { nameOf } from './model.js';
import { clock, preview } from './words.js';

const ENVELOPES = [
  'ephemeralMessage',
  'viewOnceMessage',
  'viewOnceMessageV2',
  'viewOnceMessageV2Extension',
  'documentWithCaptionMessage',
  'editedMessage',
];

/** The message inside of its envelopes. */
function inner(message) {
  let found = message ?? {};
  for (let depth = 0; depth < 5; depth++) {
    const envelope = ENVELOPES.find(name => found[name]?.message);
    if (!envelope) break;
    found = found[envelope].message;
  }
  return found;
}

const contextOf = content => Object.values(content).find(part => part?.contextInfo)?.contextInfo;

/** `{ day }` rows where the day changes, and one row per message that has a place of its own. */
export function threadOf(messages, phone, group) {
  const rows = [];
  const byId = new Map();
  let day;
  for (const one of messages) {
    const content = inner(one.message);
    if (amends(one, content, byId)) continue;
    const date = new Date(one.timestamp * 1000).toLocaleDateString([], {
      weekday: 'long',
      day: 'numeric',
      month: 'long',
    });
    if (date !== day) rows.push({ key: `day ${date}`, day: date });
    day = date;
    const row = rowOf(one, content, phone, group);
    rows.push(row);
    byId.set(one.id, row);
  }
  return rows.map(({ reactions, ...row }) =>
    reactions ? { ...row, reactions: [...reactions.values()].filter(Boolean) } : row,
  );
}

/** True when it only changes another message, which is shown so. */
function amends(one, content, byId) {
  const { reactionMessage, protocolMessage } = content;
  const target = byId.get(reactionMessage?.key?.id ?? protocolMessage?.key?.id);
  if (!target) return false;
  if (reactionMessage) {
    target.reactions.set(one.from.split(/[:@]/)[0], reactionMessage.text);
    return true;
  }
  const { type, editedMessage } = protocolMessage;
  if (type === 'REVOKE' || type === undefined)
    Object.assign(target, { text: 'This message was deleted', special: true });
  else if (editedMessage) {
    const edited = inner(editedMessage);
    Object.assign(target, {
      text: edited.conversation ?? edited.extendedTextMessage?.text ?? '',
      edited: true,
    });
  } else return false;
  return true;
}

function rowOf(one, content, phone, group) {
  const context = contextOf(content);
  const poll = content.pollCreationMessage ?? content.pollCreationMessageV2 ?? content.pollCreationMessageV3;
  const place = content.locationMessage ?? content.liveLocationMessage;
  const people =
    content.contactsArrayMessage?.contacts ?? (content.contactMessage ? [content.contactMessage] : undefined);
  const plain = one.type === 'text' || one.text !== '';
  return {
    key: `${one.id} ${one.from} ${one.type}`,
    id: one.id,
    fromMe: one.fromMe,
    author: group && !one.fromMe ? nameOf(one.from) : undefined,
    device: one.fromMe && one.from.includes(':') ? one.from.split(/[:@]/)[1] : undefined,
    special: !plain && !poll && !place && !people,
    image:
      content.imageMessage || content.stickerMessage
        ? `/admin${ofPhone(phone)}/messages/${encodeURIComponent(one.id)}/media`
        : undefined,
    quoted: context?.quotedMessage && preview(quoteOf(inner(context.quotedMessage))),
    forwarded: context?.isForwarded === true,
    text: poll
      ? `${poll.name}\n${(poll.options ?? []).map(option => `○ ${option.optionName}`).join('\n')}`
      : place
        ? `Location: ${[place.name, `${place.degreesLatitude}, ${place.degreesLongitude}`].filter(Boolean).join(' · ')}`
        : people
          ? `Contact: ${people.map(person => person.displayName).join(', ')}`
          : preview({ ...one, text: one.text }),
    at: clock(one.timestamp),
    status: one.fromMe ? one.status : undefined,
    reactions: new Map(),
  };
}

function quoteOf(content) {
  const [field, value] = Object.entries(content).find(([name]) => name !== 'messageContextInfo') ?? [
    'empty',
    '',
  ];
  if (typeof value === 'string') return { type: 'text', text: value };
  if (field === 'extendedTextMessage') return { type: 'text', text: value.text ?? '' };
  return { type: field.replace(/Message(V\d)?$/, ''), text: value.caption ?? value.text ?? value.name ?? '' };
}
