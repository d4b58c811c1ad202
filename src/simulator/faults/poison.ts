// Stanzas that are well-formed on the wire and nonsense in content. A client must survive each of them: neither crash nor
// stop hearing what comes after. Add a row to add a poison.
import { randomBytes } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { accountJid, type Device } from '../accounts/accounts.ts';
import { type BinaryNode, node, SERVER } from '../wire/stanza.ts';
import { type Kind, kind, type Wire } from './kind.ts';

interface Poison {
  readonly doc: string;
  /** `id` is fresh; the device is the one that gets it. */
  readonly make: (id: string, device: Device) => BinaryNode;
}

/** The machine's time: nobody compares it with what else is said. */
const now = () => String(Math.floor(Date.now() / 1000));
const STRANGER = '15550000666@s.whatsapp.net';
const enc = (type: string, bytes = 120, v = '2') => node('enc', { v, type }, randomBytes(bytes));
const from = (id: string, more: Record<string, string | undefined> = {}) => ({
  id,
  from: STRANGER,
  type: 'text',
  t: now(),
  notify: 'Poison',
  ...more,
});
const message = (attrs: Record<string, string | undefined>, ...content: BinaryNode[]): BinaryNode =>
  node('message', attrs, content);

export const poisons = {
  'message-without-from': {
    doc: 'a message without `from`',
    make: id => message(from(id, { from: undefined }), enc('msg')),
  },
  'message-without-id': {
    doc: 'a message without `id`',
    make: id => message(from(id, { id: undefined }), enc('msg')),
  },
  'message-without-time': {
    doc: 'a message without `t`',
    make: id => message(from(id, { t: undefined }), enc('msg')),
  },
  'message-time-nonsense': {
    doc: 'a message whose `t` is no number',
    make: id => message(from(id, { t: 'yesterday' }), enc('msg')),
  },
  'message-from-nonsense': {
    doc: 'a message whose `from` is no JID',
    make: id => message(from(id, { from: 'nobody@nowhere' }), enc('msg')),
  },
  'message-empty': { doc: 'a message without content', make: id => node('message', from(id)) },
  'message-unknown-enc': {
    doc: 'an <enc> of an unknown type',
    make: id => message(from(id), enc('quantum')),
  },
  'message-future-enc': {
    doc: 'an <enc> of version 99',
    make: id => message(from(id), enc('msg', 120, '99')),
  },
  'message-empty-enc': { doc: 'an <enc> of no bytes', make: id => message(from(id), enc('msg', 0)) },
  'message-enc-without-type': {
    doc: 'an <enc> without type',
    make: id => message(from(id), node('enc', { v: '2' }, randomBytes(64))),
  },
  'message-enc-with-children': {
    doc: 'an <enc> that holds stanzas instead of bytes',
    make: id => message(from(id), node('enc', { v: '2', type: 'msg' }, [node('enc', {})])),
  },
  'message-random-pkmsg': {
    doc: 'a pkmsg of random bytes',
    make: id => message(from(id), enc('pkmsg', 200)),
  },
  'message-many-enc': {
    doc: 'a message with 200 <enc>',
    make: id => message(from(id), ...Array.from({ length: 200 }, () => enc('msg', 16))),
  },
  'message-recipient': {
    doc: 'a stranger’s message with a `recipient`, as only own copies have (Baileys throws on it)',
    make: id => message(from(id, { recipient: STRANGER }), enc('msg')),
  },
  'group-without-participant': {
    doc: 'a group message without `participant`',
    make: id => message(from(id, { from: '120363000000000001@g.us' }), enc('skmsg')),
  },
  'group-unknown-sender-key': {
    doc: 'a group message under a sender key that nobody distributed',
    make: id =>
      message(from(id, { from: '120363000000000001@g.us', participant: STRANGER }), enc('skmsg', 160)),
  },
  'huge-attribute': {
    doc: 'an attribute of 256 KiB',
    make: id => message(from(id, { notify: 'x'.repeat(256 * 1024) }), enc('msg')),
  },
  'many-attributes': {
    doc: 'a node with 500 attributes',
    make: id =>
      node(
        'notification',
        Object.fromEntries([
          ['id', id],
          ['from', SERVER],
          ...Array.from({ length: 500 }, (_, index) => [`a${index}`, 'b']),
        ]),
      ),
  },
  'deep-nesting': {
    doc: 'a node that is 500 levels deep',
    make: id => {
      let inner = node('x', {});
      for (let depth = 0; depth < 500; depth++) inner = node('x', {}, [inner]);
      return node('notification', { id, from: SERVER, type: 'deep', t: now() }, [inner]);
    },
  },
  'many-children': {
    doc: 'a node with 20,000 children',
    make: id =>
      node(
        'notification',
        { id, from: SERVER, type: 'wide', t: now() },
        Array.from({ length: 20_000 }, () => node('x', {})),
      ),
  },
  'unknown-tag': { doc: 'a stanza of an unknown kind', make: id => node('telegram', { id, from: SERVER }) },
  'unknown-notification': {
    doc: 'a notification of an unknown type',
    make: id => node('notification', { id, from: SERVER, type: 'w:teleport', t: now() }, [node('now', {})]),
  },
  'notification-empty': {
    doc: 'a devices notification without content',
    make: (id, device) =>
      node('notification', { id, from: accountJid(device.account), type: 'devices', t: now() }),
  },
  'group-notification-nonsense': {
    doc: 'a group notification about nothing',
    make: id =>
      node('notification', { id, from: '120363000000000001@g.us', type: 'w:gp2', t: now() }, [
        node('create', {}, [node('group', {})]),
      ]),
  },
  'receipt-without-id': {
    doc: 'a receipt without `id`',
    make: () => node('receipt', { from: STRANGER, t: now() }),
  },
  'receipt-unknown-message': {
    doc: 'a receipt for a message that never was',
    make: id => node('receipt', { id, from: STRANGER, t: now() }),
  },
  'retry-unknown-message': {
    doc: 'a retry receipt, without keys, for a message that never was',
    make: id =>
      node('receipt', { id, from: STRANGER, type: 'retry', t: now() }, [
        node('retry', { count: '1', id, t: now(), v: '1' }),
      ]),
  },
  'iq-unknown': {
    doc: 'a request of the server in an unknown namespace',
    make: id => node('iq', { id, from: SERVER, type: 'get', xmlns: 'w:teleport' }, [node('where', {})]),
  },
  'iq-result-unasked': {
    doc: 'the result of a request that nobody made',
    make: id => node('iq', { id, from: SERVER, type: 'result' }),
  },
  'ack-unknown': {
    doc: 'the ack of a message that never was',
    make: id => node('ack', { class: 'message', id, from: STRANGER, t: now() }),
  },
  'call-nonsense': {
    doc: 'a call without an offer',
    make: id => node('call', { id, from: STRANGER, t: now() }, [node('x', {})]),
  },
  'presence-without-from': {
    doc: 'presence of nobody',
    make: () => node('presence', { type: 'available' }),
  },
  'chatstate-empty': {
    doc: 'a chat state without a state',
    make: () => node('chatstate', { from: STRANGER }),
  },
  'ib-unknown': {
    doc: 'an <ib> of an unknown kind',
    make: () => node('ib', { from: SERVER }, [node('x', {})]),
  },
  'dirty-unknown': {
    doc: '<dirty> of an unknown type',
    make: () => node('ib', { from: SERVER }, [node('dirty', { type: 'everything', timestamp: 'now' })]),
  },
} as const satisfies Record<string, Poison>;

export type PoisonName = keyof typeof poisons;

const params = z.strictObject({
  direction: z.enum(['in', 'out']).default('in').openapi({
    description: 'Follows a stanza of the client, or one to it.',
  }),
});

type PoisonFaults = { [N in PoisonName as `poison.${N}`]: Kind<typeof params> };

export const poisonFaults = Object.fromEntries(
  Object.entries<Poison>(poisons).map(([name, { doc, make }]) => {
    const strike = (wire: Wire) => {
      if (wire.device) wire.transmit(make(wire.world.nextId(), wire.device));
    };
    const made = kind({
      doc: `The client is sent ${doc}.`,
      at: 'stanza',
      params,
      act: (wire, stanza, { direction }) => {
        if (direction === 'in') {
          strike(wire);
          return false;
        }
        wire.transmit(stanza);
        strike(wire);
        return true;
      },
      strike,
    });
    return [`poison.${name}`, made];
  }),
) as PoisonFaults;
