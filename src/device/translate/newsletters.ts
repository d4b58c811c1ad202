/**
 * Channels: their posts, what becomes of them, and which ones the account follows. Baileys tells of the posts without
 * their numbers and edits, and of the rest next to nothing (Socket/messages-recv.ts, handleMexNotification).
 */
import { type BinaryNode, isJidNewsletter, proto } from '@whiskeysockets/baileys';
import type { EventName } from '../../journal/names.ts';
import { bare } from '../jid.ts';
import { saidIn } from './content/content.ts';
import type { Told } from './envelope.ts';
import { payloadOf } from './messages.ts';
import { actorOf, childOf, childrenOf, namedBy, personOf, sourceOf, textIn, timesOf } from './nodes.ts';
import { type Fields, given, number, positive, text, timestamp } from './read.ts';

/** Values of `edit`: taken back by who sent it, and by an admin (whatsmeow types/message.go, EditAttribute). */
export const REVOKES: ReadonlySet<string> = new Set(['7', '8']);

/** `<message from="…@newsletter">`: a post, under the same event as any message; changed, it comes again under its id. */
export function fromPost(node: BinaryNode): Told[] {
  const channel = sourceOf(node);
  const { id, server_id, edit, is_sender, notify } = node.attrs;
  const plain = childOf(node, 'plaintext')?.content;
  if (!isJidNewsletter(channel) || id === undefined || !(plain instanceof Uint8Array)) return [];
  const { at, timestamp: posted } = timesOf(node);
  const own = is_sender === 'true';
  const common = {
    id,
    chat_id: channel,
    from: channel,
    is_from_me: own,
    from_name: notify ?? '',
    sender_display_name: notify ?? '',
    timestamp: posted,
  };
  const numbered = given({ server_id: number(server_id) });
  const changed = childOf(node, 'meta')?.attrs.msg_edit_t;
  const identity = `${channel} ${id}`;
  if (edit !== undefined && REVOKES.has(edit)) {
    const payload = {
      ...common,
      revoked_message_id: id,
      revoked_from_me: own,
      revoked_chat: channel,
      ...numbered,
    };
    return [{ event: 'message.revoked', at, identity, payload }];
  }
  const content = saidIn(proto.Message.decode(plain));
  if (edit !== undefined) {
    const payload = { ...common, original_message_id: id, body: content.text ?? '', ...numbered };
    return [{ event: 'message.edited', at, identity: `${identity} ${changed ?? ''}`, payload }];
  }
  const told = payloadOf(content, common);
  return told ? [{ event: told[0], at, identity, payload: { ...told[1], ...numbered } }] : [];
}

/** `<notification type="newsletter">`: what posts have got since, for who asked for it, and what the channel is now. */
export function fromNewsletterNews(node: BinaryNode): Told[] {
  const channel = sourceOf(node);
  if (!isJidNewsletter(channel)) return [];
  return [...liveUpdates(node, channel), ...singleNews(node, channel)];
}

function liveUpdates(node: BinaryNode, channel: string): Told[] {
  const updates = childOf(node, 'live_updates');
  if (!updates) return [];
  // Right below for some clients, in <messages> for others (whatsmeow, whatsapp-rust); both may be there.
  const direct = childrenOf(updates, 'message');
  const posts =
    direct.length > 0 ? direct : childrenOf(updates, 'messages').flatMap(part => childrenOf(part, 'message'));
  if (posts.length === 0) return [];
  const { at, timestamp } = timesOf(node);
  const payload = { newsletter_id: channel, messages: posts.map(postFields), timestamp };
  return [{ event: 'newsletter.message', at, ...namedBy(node, channel), payload }];
}

/** What Baileys reads of it, each thing by itself (Socket/messages-recv.js, handleNewsletterNotification). */
function singleNews(node: BinaryNode, channel: string): Told[] {
  const { at, timestamp } = timesOf(node);
  return childrenOf(node).flatMap((child, n) => {
    const read = Object.hasOwn(SINGLE, child.tag) ? SINGLE[child.tag] : undefined;
    const told = read?.(child, node);
    if (!told) return [];
    const payload = { newsletter_id: channel, ...told[1], timestamp };
    return [{ event: told[0], at, ...namedBy(node, channel, n), payload }];
  });
}

type Single = (child: BinaryNode, node: BinaryNode) => readonly [EventName, Fields] | undefined;

const SINGLE: Readonly<Record<string, Single>> = {
  reaction: child => [
    'newsletter.reaction',
    { server_id: number(child.attrs.message_id) ?? 0, reaction: textIn(childOf(child, 'reaction')) ?? '' },
  ],
  view: child => [
    'newsletter.view',
    {
      server_id: number(child.attrs.message_id) ?? 0,
      views_count: Math.trunc(positive(textIn(child)) ?? 0),
    },
  ],
  participant: (child, node) => {
    const { shown, lid } = personOf(child);
    if (shown === '') return undefined;
    const fields = { jid: shown, ...given({ lid }), action: child.attrs.action ?? '' };
    const role = given({ role: lower(child.attrs.role) || undefined });
    return ['newsletter.participants', { ...fields, ...role, ...actorOf(node) }];
  },
  update: child => {
    const settings = childOf(child, 'settings');
    const [name, description] = [childOf(settings, 'name'), childOf(settings, 'description')].map(textIn);
    return settings && ['newsletter.updated', given({ name: text(name), description })];
  },
};

function postFields(post: BinaryNode): Fields {
  const { server_id, id, type, t } = post.attrs;
  const counts: Record<string, number> = {};
  for (const reaction of childrenOf(childOf(post, 'reactions') ?? { tag: '', attrs: {} }, 'reaction')) {
    const count = positive(reaction.attrs.count);
    if (reaction.attrs.code && count !== undefined) counts[reaction.attrs.code] = count;
  }
  return {
    server_id: number(server_id) ?? 0,
    message_id: id ?? '',
    type: type ?? '',
    ...given({
      timestamp: timestamp(t),
      views_count: positive(childOf(post, 'views_count')?.attrs.count),
      reaction_counts: Object.keys(counts).length > 0 ? counts : undefined,
    }),
  };
}

interface Named {
  readonly text?: unknown;
}

interface Channel {
  readonly id?: unknown;
  readonly role?: unknown;
  readonly mute?: unknown;
  readonly user?: { readonly id?: unknown };
  readonly state?: { readonly type?: unknown };
  readonly thread_metadata?: { readonly name?: Named; readonly description?: Named };
}

type News = readonly [name: string, event: EventName, fields: (channel: Channel) => Fields];

const described = ({ thread_metadata: thread }: Channel) =>
  given({ name: text(thread?.name?.text), description: text(thread?.description?.text) });

/** What mex tells, by the names of its answers (whatsmeow notification.go, newsletterEvent). */
const NEWS: readonly News[] = [
  ['xwa2_notify_newsletter_on_join', 'newsletter.joined', described],
  ['xwa2_notify_newsletter_on_leave', 'newsletter.left', ({ role }) => ({ role: lower(role) })],
  ['xwa2_notify_newsletter_on_mute_change', 'newsletter.mute', ({ mute }) => ({ mute: lower(mute) })],
  ['xwa2_notify_newsletter_on_metadata_update', 'newsletter.updated', described],
  [
    'xwa2_notify_newsletter_on_state_change',
    'newsletter.updated',
    ({ state }) => ({ state: lower(state?.type) }),
  ],
  [
    'xwa2_notify_newsletter_admin_promote',
    'newsletter.participants',
    ({ user }) => ({ jid: bare(text(user?.id)), action: 'promote', role: 'admin' }),
  ],
  [
    'xwa2_notify_newsletter_admin_demote',
    'newsletter.participants',
    ({ user }) => ({ jid: bare(text(user?.id)), action: 'demote', role: 'subscriber' }),
  ],
];

const lower = (word: unknown) => (text(word) ?? '').toLowerCase();

/** `<notification type="mex">`, of which channels are a part. */
export function fromMex(node: BinaryNode): Told[] {
  const { at, timestamp } = timesOf(node);
  return childrenOf(node).flatMap((update, n) => {
    const data = dataIn(update);
    return NEWS.flatMap(([name, event, fields]) => {
      const channel = data?.[name];
      const id = text(channel?.id);
      if (!channel || id === undefined) return [];
      const payload = { newsletter_id: id, ...fields(channel), timestamp };
      return [{ event, at, ...namedBy(node, id, n), payload }];
    });
  });
}

/** What is no JSON, or not of the form that is read here, tells nothing of a channel. */
function dataIn(update: BinaryNode): Readonly<Record<string, Channel | undefined>> | undefined {
  try {
    const { data } = JSON.parse(textIn(update) ?? '{}') as { data?: Record<string, Channel> | null };
    return data ?? undefined;
  } catch {
    return undefined;
  }
}
