// Routes about messages: what a phone sends, what it sees, what it heard of what it sent.
import { z } from '@hono/zod-openapi';
import { type Account, accountJid, deviceJid } from '../accounts/accounts.ts';
import { accountNamed, chatNamed } from '../accounts/naming.ts';
import { phoneOf } from '../accounts/phones.ts';
import { compose } from '../phone/compose.ts';
import type { PhoneMessage } from '../phone/messages.ts';
import type { Phone } from '../phone/phone.ts';
import type { World } from '../world.ts';
import { OfPhone, Text } from './fields.ts';
import { type AddRoute, shapes } from './route.ts';

const Receipt = z.object({
  from: z.string().openapi({ description: 'The device that says so, as the stanza named it.' }),
  type: z.string(),
  timestamp: z.number(),
});
const MessageView = z
  .object({
    id: z.string(),
    chat: z.string().openapi({ description: 'JID of the other person (number form), or of the group.' }),
    from: z.string().openapi({ description: 'JID of the device that sent it, number form.' }),
    fromMe: z.boolean(),
    text: z.string(),
    type: z.string().openapi({ description: '`text`, or the protobuf field without "Message".' }),
    timestamp: z.number().openapi({ description: 'Unix seconds.' }),
    message: z
      .record(z.string(), z.unknown())
      .optional()
      .openapi({ description: 'All of it: the decrypted proto.Message as JSON.' }),
    status: z.enum(['sent', 'delivered', 'read', 'played']).optional().openapi({
      description: 'Of one from this account: the most that a device of somebody else said of it.',
    }),
    receipts: z.array(Receipt).optional(),
    seen: z
      .boolean()
      .optional()
      .openapi({ description: 'Of one from others: this account said that it was read.' }),
  })
  .openapi('PhoneMessage');

const Id = z.string().min(1).max(128);
const Named = z.string().min(1).max(256);
/** A content, and what is said about it: what a person may send, and what a script may reply. */
export const Composing = z.strictObject({
  text: Text.optional(),
  message: z
    .record(z.string(), z.unknown())
    .optional()
    .openapi({ description: 'A whole proto.Message as JSON; bytes are base64.' }),
  react: z.strictObject({ message: Id, emoji: z.string().max(64) }).optional(),
  edit: z.strictObject({ message: Id, text: Text }).optional(),
  revoke: z.strictObject({ message: Id }).optional(),
  pin: z.strictObject({ message: Id, pinned: z.boolean().default(true) }).optional(),
  poll: z
    .strictObject({
      name: z.string().max(1_024),
      options: z.array(z.string().min(1).max(256)).min(2).max(12),
      selectable: z.number().int().min(0).max(12).default(1).openapi({ description: '0: any number.' }),
    })
    .optional(),
  vote: z.strictObject({ poll: Id, options: z.array(z.string()).max(12) }).optional(),
  location: z
    .strictObject({
      latitude: z.number().min(-90).max(90),
      longitude: z.number().min(-180).max(180),
      name: z.string().optional(),
      address: z.string().optional(),
    })
    .optional(),
  contacts: z
    .array(z.strictObject({ name: Named, phone: Named }))
    .min(1)
    .max(100)
    .optional(),
  forward: Id.optional(),
  quote: Id.optional(),
  mentions: z.array(Named).max(1_024).optional().openapi({ description: 'Digits or JIDs.' }),
  viewOnce: z.boolean().optional(),
  expiresIn: z.number().int().min(0).optional().openapi({ description: 'Seconds until it disappears.' }),
});
const Sending = Composing.extend({
  to: Named.openapi({ description: 'Digits, or the JID of a person, a group, or status@broadcast.' }),
  id: Id.optional().openapi({ description: 'Of the message; made up when absent.' }),
  statusTo: z.array(Named).max(10_000).optional().openapi({ description: 'Who gets a status.' }),
});

export const messageShapes = shapes({
  send: {
    id: 'send',
    method: 'post',
    path: '/phones/{phone}/send',
    tag: 'messages',
    summary: 'Sends as this phone; answers once every copy is on its way',
    description:
      'One content (text, message, react, edit, revoke, pin, poll, vote, location, contacts, forward) and what is said about it (quote, mentions, viewOnce, expiresIn). Messages are named by their ids. Media has a route of its own.',
    params: OfPhone,
    body: Sending,
    results: z.object({ id: z.string() }),
  },
  messages: {
    id: 'messages',
    method: 'get',
    path: '/phones/{phone}/messages',
    tag: 'messages',
    summary: 'What this phone sees, decrypted, in order',
    description:
      'With `waitMs` it answers as soon as there is one, and with an empty list when the time is over: no polling.',
    params: OfPhone,
    query: z.object({
      chat: z.string().optional().openapi({ description: 'Only this chat: digits or a JID.' }),
      after: z.string().optional().openapi({ description: 'Only what came after the message with this id.' }),
      limit: z.coerce
        .number()
        .int()
        .min(1)
        .max(10_000)
        .optional()
        .openapi({ description: 'Only the last so many.' }),
      waitMs: z.coerce.number().int().min(0).max(60_000).optional(),
    }),
    results: z.array(MessageView),
  },
  read: {
    id: 'read',
    method: 'post',
    path: '/phones/{phone}/read',
    tag: 'messages',
    summary: 'The person reads these messages of a chat',
    params: OfPhone,
    body: z.object({
      chat: z.string(),
      ids: z.array(z.string()).min(1).max(1_000),
      type: z.enum(['read', 'read-self', 'played', 'played-self']).optional().openapi({
        description: '`read` when absent; `read-self` tells the own companions only, `played` is for voice.',
      }),
    }),
    results: z.object({ ids: z.array(z.string()) }),
  },
});

export function messageRoutes(add: AddRoute, world: World): void {
  add(messageShapes.send, async ({ params, body: { to, id, statusTo, ...given } }) => {
    const phone = phoneOf(world, params.phone);
    const chat = chatNamed(to);
    const message = compose(world, phone, chat, given);
    return { id: await phone.sendMessage(chat, message, { id, statusTo: statusTo?.map(chatNamed) }) };
  });

  add(messageShapes.messages, async ({ params, query, signal }) => {
    const phone = phoneOf(world, params.phone);
    const until = performance.now() + (query.waitMs ?? 0);
    const gone = AbortSignal.any([signal, world.stopped]);
    for (;;) {
      await phone.idle();
      const found = selected(world, phone, query);
      const left = until - performance.now();
      if (found.length > 0 || left <= 0 || gone.aborted)
        return found.map(one => describeMessage(world, phone, one));
      await world.events.next(
        event => event.kind === 'message' && event.phone === phone.account.phone,
        left,
        gone,
      );
    }
  });

  add(messageShapes.read, async ({ params, body: { chat, ids, type } }) => {
    await phoneOf(world, params.phone).read(chatNamed(chat), ids, type);
    return { ids };
  });
}

function selected(
  world: World,
  phone: Phone,
  {
    chat,
    after,
    limit,
  }: { chat?: string | undefined; after?: string | undefined; limit?: number | undefined },
): PhoneMessage[] {
  let list = phone.messages;
  if (after !== undefined) {
    list = list.slice(list.lastIndexOf(phone.chats.named(after)) + 1);
  }
  if (chat !== undefined) {
    const jid = chatJid(world, chat);
    list = list.filter(one => one.chat === jid);
  }
  return limit === undefined ? list : list.slice(-limit);
}

const STATUSES = ['sent', 'delivered', 'read', 'played'] as const;

function describeMessage(world: World, phone: Phone, message: PhoneMessage): z.input<typeof MessageView> {
  const content = phone.chats.protoOf(message)?.toJSON();
  const whole = { ...message, ...(content && { message: content }) };
  if (!message.fromMe) return { ...whole, seen: seenBy(world, phone.account, message.id) };
  const receipts = [...phone.receipts.of(message.id)];
  return { ...whole, status: statusOf(world, phone.account, receipts), receipts };
}

function seenBy(world: World, own: Account, id: string): boolean {
  const devices = world.ledger.message(id)?.devices ?? {};
  return [...own.devices.values()].some(device => {
    const said = devices[deviceJid(device)]?.receipts ?? [];
    return said.some(({ type }) => type === 'read' || type === 'played');
  });
}

function statusOf(
  world: World,
  own: Account,
  receipts: readonly z.input<typeof Receipt>[],
): (typeof STATUSES)[number] {
  const said = receipts.filter(({ from }) => world.accounts.byJid(from) !== own).map(({ type }) => type);
  return STATUSES.findLast(status => said.includes(status)) ?? 'sent';
}

/** A chat as messages name it: a person in number form, whoever asks in which. */
function chatJid(world: World, chat: string): string {
  const account = accountNamed(world, chat);
  return account ? accountJid(account) : chatNamed(chat);
}
