/** What a message says of other messages, of people and of where it came from: its `contextInfo`. */
import { proto } from '@whiskeysockets/baileys';
import { bare } from '../../jid.ts';
import { type Fields, flag, given, list, nameIn, positive, text } from '../read.ts';

export interface Quoted {
  readonly id: string;
  /** Who said it; absent when the message does not name them. */
  readonly from?: string;
  /** The chat, when it is another one. */
  readonly chat?: string;
  readonly message?: proto.IMessage;
}

export interface Context {
  readonly quoted?: Quoted;
  readonly mentions?: readonly string[];
  /** Everybody in the group. */
  readonly mentionsAll?: true;
  readonly forwarded?: true;
  readonly forwardingScore?: number;
  /** Seconds after which it disappears. */
  readonly expiresIn?: number;
  /** The advertisement that the chat began with, in gowa's words. */
  readonly referral?: Fields;
}

/** The parts that come before the one that the context is of. */
const ASIDE = new Set(['messageContextInfo', 'senderKeyDistributionMessage']);

/** The context of the part that a message has; empty where it has none. */
export function contextOf(content: proto.IMessage): Context {
  for (const name of Object.keys(content)) {
    if (ASIDE.has(name)) continue;
    const part = content[name as keyof proto.IMessage] as { contextInfo?: proto.IContextInfo } | null;
    if (typeof part === 'object' && part?.contextInfo) return read(part.contextInfo);
  }
  return {};
}

function read(context: proto.IContextInfo): Context {
  const id = text(context.stanzaId);
  const mentions = list(context.mentionedJid).filter(jid => text(jid) !== undefined);
  return given({
    quoted: id === undefined ? undefined : quotedIn(id, context),
    mentions: mentions.length > 0 ? mentions.map(bare) : undefined,
    mentionsAll: positive(context.nonJidMentions) === undefined ? undefined : true,
    forwarded: flag(context.isForwarded),
    forwardingScore: positive(context.forwardingScore),
    expiresIn: positive(context.expiration),
    referral: referralIn(context.externalAdReply),
  }) as Context;
}

function quotedIn(id: string, { participant, remoteJid, quotedMessage }: proto.IContextInfo): Quoted {
  const [from, chat] = [text(participant), text(remoteJid)];
  return {
    id,
    ...(from !== undefined && { from: bare(from) }),
    ...(chat !== undefined && { chat: bare(chat) }),
    ...(quotedMessage && { message: quotedMessage }),
  };
}

const { AdType, MediaType } = proto.ContextInfo.ExternalAdReplyInfo;

/** Click-to-WhatsApp advertisements; a preview that anybody's client may attach has the same form. */
function referralIn(ad: proto.ContextInfo.IExternalAdReplyInfo | null | undefined): Fields | undefined {
  if (!ad) return undefined;
  const said = (value: unknown) => (typeof value === 'boolean' ? value : undefined);
  const referral = given({
    ctwa_clid: text(ad.ctwaClid),
    source_url: text(ad.sourceUrl),
    source_id: text(ad.sourceId),
    ref: text(ad.ref),
    source_app: text(ad.sourceApp),
    ad_title: text(ad.title),
    ad_body: text(ad.body),
    thumbnail_url: text(ad.thumbnailUrl),
    original_image_url: text(ad.originalImageUrl),
    media_url: text(ad.mediaUrl),
    media_type: nameIn(MediaType, ad.mediaType),
    show_ad_attribution: said(ad.showAdAttribution),
    contains_auto_reply: said(ad.containsAutoReply),
    automated_greeting_message_shown: said(ad.automatedGreetingMessageShown),
    greeting_message_body: text(ad.greetingMessageBody),
    click_to_whatsapp_call: said(ad.clickToWhatsappCall),
    source_type: text(ad.sourceType),
    ad_type: nameIn(AdType, ad.adType),
  });
  return Object.keys(referral).length > 0 ? referral : undefined;
}
