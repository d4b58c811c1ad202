// How things are put into words.
import { nameOf, numberOf } from './model.js';

/** Hours and minutes of Unix seconds; the day as well when it is another one. */
export function clock(seconds) {
  const date = new Date(seconds * 1000);
  const time = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString()} ${time}`;
}

const KINDS = {
  image: 'Photo',
  video: 'Video',
  ptv: 'Video note',
  audio: 'Audio',
  document: 'Document',
  sticker: 'Sticker',
  location: 'Location',
  liveLocation: 'Live location',
  contact: 'Contact card',
  contactsArray: 'Contact cards',
  pollCreation: 'Poll',
  pollUpdate: 'Vote',
  reaction: 'Reaction',
  protocol: 'Edit or revocation',
  edited: 'Edit',
  viewOnce: 'View once',
  ephemeral: 'Disappearing message',
  groupInvite: 'Invitation to a group',
  empty: 'Nothing readable',
};

/** What is shown of a message in a line: its text, or what it is. */
export function preview({ type, text }) {
  if (type === 'text') return text;
  const kind = KINDS[type] ?? type;
  return text ? `${kind}: ${text}` : kind;
}

/** A JID as a person reads it: `+15550001:1`; a group by its name. */
const who = jid => {
  const [user, domain] = jid.split('@');
  if (domain === 's.whatsapp.net' || domain === 'lid') {
    const device = user.split(':')[1];
    return `+${numberOf(jid)}${device ? `:${device}` : ''}`;
  }
  return nameOf(jid);
};

/** Ids differ at their end. */
const which = id => `…${id.slice(-6)}`;

/** A happening as a sentence. */
export function sentence(event) {
  const { kind, jid, from, id, phone } = event;
  switch (kind) {
    case 'phone':
      return `+${phone} was ${event.change}`;
    case 'waiting': {
      const how = phone ? ` with +${phone} by code` : '';
      return event.waits ? `a client waits to be linked${how}` : 'a client waits no longer';
    }
    case 'linked':
      return `${who(jid)} was linked`;
    case 'unlinked':
      return `${who(jid)} was unlinked`;
    case 'login':
      return `${who(jid)} logged in`;
    case 'close':
      return `${who(jid)} is gone: ${event.close}`;
    case 'sent':
      return `${who(from)} sent ${which(id)} to ${who(event.to)}`;
    case 'delivered':
      return `${which(id)} went to ${who(jid)}`;
    case 'message':
      return event.fromMe
        ? `+${phone} wrote to ${who(event.chat)}: ${preview(event)}`
        : `+${phone} got from ${who(from)}: ${preview(event)}`;
    case 'receipt':
      return `${who(jid)} said ${event.type} of ${which(id)}`;
    case 'typing':
      return `${who(from)} is ${event.state} to ${who(event.chat)}`;
    case 'group': {
      const people = event.people?.map(one => `+${one}`).join(', ') ?? '';
      return `${event.by ? `+${event.by}` : 'the server'} in ${nameOf(event.group)}: ${event.change} ${people}`;
    }
    case 'presence':
      return `${who(jid)} is ${event.available ? 'available' : 'unavailable'}`;
    case 'call':
      return `${who(from)} calls ${event.to.map(who).join(', ')}: ${event.how}`;
    case 'faults':
      return 'faults were changed';
    default: {
      const { seq: _seq, at: _at, kind: _kind, ...rest } = event;
      return Object.entries(rest)
        .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
        .join(', ');
    }
  }
}

const TICKS = { sent: '✓', delivered: '✓✓', read: '✓✓', played: '✓✓' };
export const ticksOf = status => TICKS[status] ?? '';
