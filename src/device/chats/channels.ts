/**
 * What stanzas say of channels that belongs into their chats, in the form in which Baileys tells of others: it gives a post
 * that was changed as a new one, one that was deleted as nothing, and no names.
 */
import { type BinaryNode, isJidNewsletter, proto, type WAMessage } from '@whiskeysockets/baileys';
import { fromMex, REVOKES } from '../translate/newsletters.ts';
import { childOf, sourceOf, timesOf } from '../translate/nodes.ts';
import { LAST_TIME, number, text } from '../translate/read.ts';
import type { Events } from './hearing.ts';

const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type;

export function heardOfChannels(node: BinaryNode): Events {
  if (node.tag === 'message') {
    const change = changeOfPost(node);
    return change ? { 'messages.upsert': { messages: [change], type: 'append' } } : {};
  }
  if (node.tag !== 'notification' || node.attrs.type !== 'mex') return {};
  const chats = fromMex(node).flatMap(({ event, payload: { newsletter_id, name, mute } }) => {
    const [id, title] = [text(newsletter_id), text(name)];
    if (id === undefined) return [];
    if (event === 'newsletter.mute') return { id, muteEndTime: mute === 'on' ? LAST_TIME : null };
    return title === undefined ? [] : { id, name: title };
  });
  return chats.length > 0 ? { 'chats.update': chats } : {};
}

/** What became of a post, as the message that would say so in a chat of people. */
function changeOfPost(node: BinaryNode): WAMessage | undefined {
  const channel = sourceOf(node);
  const { id, edit } = node.attrs;
  if (!isJidNewsletter(channel) || id === undefined || edit === undefined) return undefined;
  const key = { remoteJid: channel, id, fromMe: false };
  const messageTimestamp = timesOf(node).at / 1000;
  if (REVOKES.has(edit))
    return { key, messageTimestamp, message: { protocolMessage: { type: REVOKE, key } } };
  const plain = childOf(node, 'plaintext')?.content;
  if (!(plain instanceof Uint8Array)) return undefined;
  const said = { type: MESSAGE_EDIT, key, editedMessage: proto.Message.decode(plain) };
  const timestampMs = number(childOf(node, 'meta')?.attrs.msg_edit_t) ?? null;
  return { key, messageTimestamp, message: { protocolMessage: { ...said, timestampMs } } };
}
