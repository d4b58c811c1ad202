/** What people change of themselves, and what another device of the account changed for all of them. */
import { type BinaryNode, isJidGroup } from '@whiskeysockets/baileys';
import { bare, party } from '../jid.ts';
import type { Told } from './envelope.ts';
import { groupPicture } from './groups.ts';
import { childOf, childrenOf, namedBy, personOf, sourceOf, textIn, timesOf } from './nodes.ts';
import { type Fields, given, number, text, timestamp as timestampOf } from './read.ts';

/** `<notification type="picture">` of a group or a person. */
export function fromPicture(node: BinaryNode): Told[] {
  const change = childOf(node, 'set') ?? childOf(node, 'add') ?? childOf(node, 'delete');
  if (!change) return [];
  if (isJidGroup(sourceOf(node))) return [groupPicture(node, change)];
  const picture = change.tag === 'delete' ? 'removed' : 'changed';
  return ofContact(node, { picture, ...given({ picture_id: text(change.attrs.id) }) });
}

/** `<notification type="status">`: the line that somebody wrote about themselves (whatsmeow handleStatusNotification). */
export function fromAbout(node: BinaryNode): Told[] {
  const set = childOf(node, 'set');
  return set ? ofContact(node, { about: textIn(set) ?? '' }) : [];
}

/** `<notification type="encrypt">` with `<identity>`: another phone, or WhatsApp installed anew. */
export function fromIdentity(node: BinaryNode): Told[] {
  return childOf(node, 'identity') ? ofContact(node, { security_code_changed: true }) : [];
}

function ofContact(node: BinaryNode, fields: Fields): Told[] {
  const { at, timestamp } = timesOf(node);
  const { shown, lid } = party(
    node.attrs.from,
    node.attrs.sender_pn ?? node.attrs.sender_lid ?? node.attrs.lid,
  );
  if (shown === '') return [];
  const payload = { jid: shown, ...given({ lid }), ...fields, timestamp };
  return [{ event: 'contact.updated', at, ...namedBy(node, lid ?? shown), payload }];
}

/** `<notification type="account_sync">`: an event for each thing that changed. */
export function fromAccountSync(node: BinaryNode): Told[] {
  const { at, timestamp } = timesOf(node);
  return childrenOf(node).flatMap((change, n) => {
    const identity = namedBy(node, n);
    if (change.tag === 'blocklist') return blocked(node, change, n);
    const fields = settingOf(change);
    return fields
      ? [{ event: 'settings.updated' as const, at, ...identity, payload: { ...fields, timestamp } }]
      : [];
  });
}

function blocked(node: BinaryNode, change: BinaryNode, place: number): Told[] {
  const { at, timestamp } = timesOf(node);
  return childrenOf(change, 'item').flatMap((item, n) => {
    const { shown, lid } = personOf(item);
    const blocked = item.attrs.action === 'block';
    if (shown === '') return [];
    const payload = { jid: shown, ...given({ lid }), blocked, timestamp };
    return [{ event: 'blocklist.updated' as const, at, ...namedBy(node, place, n), payload }];
  });
}

function settingOf(change: BinaryNode): Fields | undefined {
  const { attrs } = change;
  switch (change.tag) {
    case 'privacy': {
      const settings = childrenOf(change, 'category').map(({ attrs: { name, value } }) => [name, value]);
      return { privacy: Object.fromEntries(settings) as Fields };
    }
    case 'disappearing_mode':
      return { default_expires_in: number(attrs.duration) ?? 0 };
    case 'picture':
      return { picture: 'changed' };
    case 'status':
      return { about: 'changed' };
    default:
      return undefined;
  }
}

/** `<presence>`: whether somebody is there, or how many of a group are. Nothing that a journal could tell twice. */
export function fromPresence(node: BinaryNode, now: number): Told[] {
  const { from, type, last, count } = node.attrs;
  const shown = bare(from);
  if (shown === '') return [];
  const timestamp = new Date(now).toISOString();
  const fields = isJidGroup(shown)
    ? { chat_id: shown, online_count: number(count) ?? 0 }
    : {
        from: shown,
        available: type !== 'unavailable',
        ...given({ last_seen: timestampOf(last) }),
      };
  return [{ event: 'presence', at: now, payload: { ...fields, timestamp } }];
}

/** `<chatstate>`: somebody types, records, or has stopped. */
export function fromChatState(node: BinaryNode, now: number): Told[] {
  const [state] = childrenOf(node);
  const chat = sourceOf(node);
  if (!state || chat === '' || (state.tag !== 'composing' && state.tag !== 'paused')) return [];
  const inGroup = isJidGroup(chat) === true;
  const { participant, participant_pn, sender_pn, from } = node.attrs;
  const who = inGroup ? party(participant, participant_pn) : party(from, sender_pn);
  const payload = {
    from: who.shown,
    ...given({ from_lid: who.lid }),
    sender_display_name: '',
    chat_id: inGroup ? chat : who.shown,
    ...given({ chat_lid: inGroup ? undefined : who.lid }),
    state: state.tag,
    media: state.attrs.media === 'audio' ? 'audio' : '',
    is_group: inGroup,
  };
  return [{ event: 'chat_presence', at: now, payload }];
}
