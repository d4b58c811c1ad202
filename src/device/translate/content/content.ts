/**
 * What a message says: the one reading of it, for events and for the chat store. Pure, and never throws, whatever a stranger
 * has put in: texts are carried as they are, and what is missing is left out.
 */
import { proto } from '@whiskeysockets/baileys';
import { bare } from '../../jid.ts';
import { bytes, type Fields, given, list, nameIn, number, text, timestamp } from '../read.ts';
import { actionIn, encrypted } from './actions.ts';
import { contactFields, contactsFields, liveLocationFields, locationFields } from './cards.ts';
import {
  buttonReplyFields,
  buttonsFields,
  interactiveFields,
  interactiveReplyFields,
  interactiveSummary,
  listFields,
  listReplyFields,
  templateFields,
  templateReplyFields,
  templateText,
} from './choices.ts';
import { contextOf } from './context.ts';
import { type Content, type Said, said, targeted } from './kinds.ts';
import { type Media, mediaFields, mediaIn } from './media.ts';
import { eventFields, optionsOf, pollFields, pollIn, snapshotFields, snapshotIn } from './questions.ts';
import { orderFields, paymentIn, productFields } from './trade.ts';
import { isForOnce, type Unwrapped, unwrap } from './unwrap.ts';

/** What is edited may be a comment, and that is all. */
const DEEPEST = 2;

/** What is said beside a message, or travels with it. */
const BESIDE = new Set(['senderKeyDistributionMessage', 'messageContextInfo']);
/** Keys and pieces of history that clients hand each other. */
const HOUSEKEEPING = new Set([
  'fastRatchetKeySenderKeyDistributionMessage',
  'stickerSyncRmrMessage',
  'messageHistoryBundle',
  'messageHistoryNotice',
]);

/** What a message says; `depth` is how many messages it is inside of. */
export function saidIn(message: proto.IMessage, depth = 0): Content {
  const unwrapped = unwrap(message);
  const { content, about } = unwrapped;
  const read = mentioned(unwrapped) ?? actionIn(content, about) ?? contentIn(content, unwrapped);
  const inner = read.inner && depth < DEEPEST ? saidIn(read.inner, depth + 1) : undefined;
  const secret = bytes(about?.messageSecret);
  return {
    ...contextOf(content),
    ...read,
    ...(inner && { fields: inner.fields, ...(inner.text !== undefined && { text: inner.text }) }),
    ...(isForOnce(unwrapped) && { viewOnce: true as const }),
    ...(secret && { secret }),
    ...albumOf(about),
  };
}

const { AssociationType } = proto.MessageAssociation;

function albumOf(about: proto.IMessageContextInfo | undefined): { albumId?: string } {
  const { associationType, parentMessageKey } = about?.messageAssociation ?? {};
  const id = text(parentMessageKey?.id);
  const album = nameIn(AssociationType, associationType) === 'MEDIA_ALBUM';
  return album && id !== undefined ? { albumId: id } : {};
}

/** Somebody named us, or our group, in a status; the envelope says so and there is nothing in it. */
function mentioned({ envelopes }: Unwrapped): Said | undefined {
  const found = envelopes.some(
    name => name === 'statusMentionMessage' || name === 'groupStatusMentionMessage',
  );
  return found ? { kind: 'status_mention', fields: {} } : undefined;
}

function contentIn(content: proto.IMessage, { envelopes }: Unwrapped): Said {
  const media = mediaIn(content, envelopes.includes('lottieStickerMessage'));
  if (media) return ofMedia(media);
  const written = text(content.conversation) ?? text(content.extendedTextMessage?.text);
  if (written !== undefined || content.extendedTextMessage || content.conversation === '')
    return { kind: 'text', ...(written !== undefined && { text: written }), fields: previewIn(content) };
  return cardIn(content) ?? questionIn(content) ?? choiceIn(content) ?? tradeIn(content) ?? restIn(content);
}

function ofMedia(media: Media): Said {
  const { kind, ptt, gif, caption, filename } = media;
  const exact = kind === 'audio' && ptt ? 'voice' : kind === 'video' && gif ? 'gif' : kind;
  return {
    kind: exact,
    media,
    ...(caption !== undefined && { text: caption }),
    ...(filename !== undefined && { label: filename }),
    fields: mediaFields(media),
  };
}

function previewIn({ extendedTextMessage: message }: proto.IMessage): Fields {
  const url = text(message?.matchedText);
  if (url === undefined) return {};
  return {
    link_preview: given({ url, title: text(message?.title), description: text(message?.description) }),
  };
}

function cardIn(content: proto.IMessage): Said | undefined {
  const { locationMessage: place, liveLocationMessage: live, contactMessage: contact } = content;
  const { contactsArrayMessage: contacts } = content;
  if (place) return said('location', { location: locationFields(place) }, text(place.comment), place.name);
  if (live) return said('live_location', { live_location: liveLocationFields(live) }, text(live.caption));
  if (contact) return said('contact', { contact: contactFields(contact) }, undefined, contact.displayName);
  if (contacts)
    return said('contacts', { contacts_array: contactsFields(contacts) }, undefined, contacts.displayName);
  return undefined;
}

function questionIn(content: proto.IMessage): Said | undefined {
  const { eventMessage: event } = content;
  const [poll, snapshot] = [pollIn(content), snapshotIn(content)];
  if (poll) return said('poll', { poll: pollFields(poll) }, undefined, poll.name);
  if (snapshot)
    return said('poll_result', { poll_result: snapshotFields(snapshot) }, undefined, snapshot.name);
  if (event) return said('event', { event: eventFields(event) }, undefined, event.name);
  return undefined;
}

function choiceIn(content: proto.IMessage): Said | undefined {
  const { listMessage, listResponseMessage, buttonsMessage, buttonsResponseMessage } = content;
  const { templateMessage, templateButtonReplyMessage } = content;
  const { interactiveMessage, interactiveResponseMessage } = content;
  if (listMessage)
    return said('list', { list: listFields(listMessage) }, text(listMessage.description), listMessage.title);
  if (listResponseMessage)
    return said(
      'list_reply',
      { list_reply: listReplyFields(listResponseMessage) },
      listResponseMessage.title,
    );
  if (buttonsMessage)
    return said('buttons', { buttons: buttonsFields(buttonsMessage) }, buttonsMessage.contentText);
  if (buttonsResponseMessage) {
    const { selectedDisplayText } = buttonsResponseMessage;
    return said(
      'button_reply',
      { button_reply: buttonReplyFields(buttonsResponseMessage) },
      selectedDisplayText,
    );
  }
  if (templateMessage)
    return said('template', { template: templateFields(templateMessage) }, templateText(templateMessage));
  if (templateButtonReplyMessage) {
    const fields = { template_reply: templateReplyFields(templateButtonReplyMessage) };
    return said('template_reply', fields, templateButtonReplyMessage.selectedDisplayText);
  }
  if (interactiveMessage) {
    const interactive = interactiveSummary(interactiveMessage);
    const fields = { interactive, interactive_message: interactiveFields(interactiveMessage) };
    return said('interactive', fields, interactiveMessage.body?.text);
  }
  if (interactiveResponseMessage) {
    const fields = { interactive_reply: interactiveReplyFields(interactiveResponseMessage) };
    return said('interactive_reply', fields, interactiveResponseMessage.body?.text);
  }
  return undefined;
}

function tradeIn(content: proto.IMessage): Said | undefined {
  const { productMessage: product, orderMessage: order } = content;
  if (product)
    return said('product', { product: productFields(product) }, product.body, product.product?.title);
  if (order) return said('order', { order: orderFields(order) }, order.message, order.orderTitle);
  const payment = paymentIn(content);
  return payment && said(payment.kind, { [payment.kind]: payment.fields }, payment.note);
}

function restIn(content: proto.IMessage): Said {
  const {
    albumMessage: album,
    groupInviteMessage: invite,
    newsletterAdminInviteMessage: adminInvite,
  } = content;
  const { newsletterFollowerInviteMessageV2: followerInvite, stickerPackMessage: pack } = content;
  const {
    callLogMesssage: log,
    scheduledCallCreationMessage: call,
    commentMessage,
    encCommentMessage,
  } = content;
  if (album) {
    const counts = {
      images: number(album.expectedImageCount) ?? 0,
      videos: number(album.expectedVideoCount) ?? 0,
    };
    return said('album', { album: counts });
  }
  if (invite) {
    const fields = {
      group_id: bare(invite.groupJid),
      ...given({
        group_name: text(invite.groupName),
        code: text(invite.inviteCode),
        expires_at: timestamp(invite.inviteExpiration),
      }),
    };
    return said('group_invite', { group_invite: fields }, invite.caption, invite.groupName);
  }
  const channel = adminInvite ?? followerInvite;
  if (channel) {
    const fields = given({
      newsletter_id: text(channel.newsletterJid) ?? '',
      name: text(channel.newsletterName),
      role: adminInvite ? 'admin' : 'follower',
      expires_at: timestamp(adminInvite?.inviteExpiration),
    });
    return said('newsletter_invite', { newsletter_invite: fields }, channel.caption, channel.newsletterName);
  }
  if (pack) {
    const fields = given({
      id: text(pack.stickerPackId),
      name: text(pack.name),
      publisher: text(pack.publisher),
      stickers: list(pack.stickers).length,
    });
    return said('sticker_pack', { sticker_pack: fields }, pack.caption, pack.name);
  }
  if (log) {
    const fields = given({
      video: log.isVideo === true,
      outcome: nameIn(proto.Message.CallLogMessage.CallOutcome, log.callOutcome)?.toLowerCase(),
      seconds: number(log.durationSecs),
    });
    return said('call_log', { call_log: fields });
  }
  if (call) {
    const { callType, scheduledTimestampMs, title } = call;
    const fields = given({
      title: text(title),
      type: nameIn(proto.Message.ScheduledCallCreationMessage.CallType, callType)?.toLowerCase(),
      time: timestamp(scheduledTimestampMs, 1),
    });
    return said('scheduled_call', { scheduled_call: fields }, undefined, title);
  }
  if (commentMessage) {
    const { message: inner, targetMessageKey } = commentMessage;
    return { ...said('comment', {}), ...targeted(targetMessageKey), ...(inner && { inner }) };
  }
  if (encCommentMessage)
    return {
      kind: 'comment',
      ...targeted(encCommentMessage.targetMessageKey),
      ...encrypted('Enc Comment', encCommentMessage),
    };
  if (content.requestPhoneNumberMessage) return said('phone_number_request', {});
  if (content.placeholderMessage) return said('placeholder', {});
  const parts = Object.keys(content).filter(part => content[part as keyof proto.IMessage] != null);
  const others = parts.filter(part => !BESIDE.has(part));
  // A sender key that travels alone is no message.
  if (others.length === 0 && parts.includes('senderKeyDistributionMessage')) return said('internal', {});
  if (others.length > 0 && others.every(part => HOUSEKEEPING.has(part))) return said('internal', {});
  return said('unsupported', { parts: others });
}

/** The option names of a poll, by which votes are read. */
export function pollOptionsIn(message: proto.IMessage): readonly string[] | undefined {
  const poll = pollIn(unwrap(message).content);
  return poll && optionsOf(poll);
}
