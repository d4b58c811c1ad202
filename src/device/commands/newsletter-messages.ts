import {
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildBuffer,
  getBinaryNodeChildren,
  proto,
  S_WHATSAPP_NET,
} from '@whiskeysockets/baileys';
import { answered, childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';

export interface ChannelPost {
  readonly serverId: number;
  readonly messageId: string;
  readonly type: string;
  /** Unix seconds. */
  readonly at: number;
  readonly views: number;
  readonly reactions: Readonly<Record<string, number>>;
  readonly text: string;
}

/**
 * Posts of a channel, oldest first: the newest, or those before one (whatsmeow newsletter.go, GetNewsletterMessages).
 * Baileys' newsletterFetchMessages asks for their updates, which are without the posts themselves.
 */
export const newsletterMessages = ask({
  name: 'newsletter-messages',
  async run(
    { jid, count, before }: { readonly jid: string; readonly count: number; readonly before?: number },
    { socket },
  ): Promise<ChannelPost[]> {
    const page = { count: String(count), ...(before !== undefined && { before: String(before) }) };
    const answer = answered(
      await socket.query({
        tag: 'iq',
        attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'newsletter' },
        content: [{ tag: 'messages', attrs: { type: 'jid', jid, ...page } }],
      }),
    );
    return getBinaryNodeChildren(childOf(answer, 'messages'), 'message').map(postIn);
  },
});

function postIn(post: BinaryNode): ChannelPost {
  const { server_id, id = '', type = 'text', t } = post.attrs;
  const reactions = getBinaryNodeChildren(getBinaryNodeChild(post, 'reactions'), 'reaction');
  return {
    serverId: Number(server_id),
    messageId: id,
    type,
    at: Number(t),
    views: Number(getBinaryNodeChild(post, 'views_count')?.attrs.count ?? 0),
    reactions: Object.fromEntries(reactions.map(({ attrs: { code = '', count } }) => [code, Number(count)])),
    text: textIn(getBinaryNodeChildBuffer(post, 'plaintext')),
  };
}

function textIn(content: Uint8Array | undefined): string {
  if (!content?.length) return '';
  const message = proto.Message.decode(content);
  const { imageMessage, videoMessage, documentMessage, extendedTextMessage } = message;
  const caption = imageMessage?.caption ?? videoMessage?.caption ?? documentMessage?.caption;
  return message.conversation || extendedTextMessage?.text || caption || '';
}
