// One device of a whole node, somebody who writes to it, and the events that its receiver is sent: what the tests of
// inbound types share.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { startNode, type TestNode, type TestNodeOptions } from './node.ts';
import { type Envelope, type Receiver, receiver } from './receiver.ts';
import { until } from './until.ts';

export interface Person {
  readonly phone: string;
  readonly jid: string;
  readonly lid: string;
}

export interface Inbound {
  readonly node: TestNode;
  readonly hook: Receiver;
  readonly id: string;
  readonly self: Person;
  readonly ann: Person;
  readonly bob: Person;
  /** The first event from now on of this name for which all these fields are so; not one that was given out before. */
  event(name: string, fields?: Record<string, unknown>): Promise<Envelope>;
  /** Ann sends a content, and it is told: resolves with the id and the payload, without what all messages have. */
  told(
    content: Record<string, unknown>,
    name?: string,
  ): Promise<{ id: string; payload: Record<string, unknown> }>;
  /** Fails unless nothing of these names comes before a text that is sent now. */
  silent(act: () => Promise<unknown>, ...names: string[]): Promise<void>;
  send(from: Person, to: string, content: Record<string, unknown>): Promise<string>;
}

export interface InboundOptions extends Pick<TestNodeOptions, 'settings' | 'health' | 'unread'> {
  /** By QR, so that the phone has shared everything; otherwise the device is ready-made. */
  readonly paired?: boolean;
}

export const jidOf = (phone: string) => `${phone}@s.whatsapp.net`;

export async function startInbound(
  t: TestContext,
  { paired = false, ...options }: InboundOptions = {},
): Promise<Inbound> {
  const hook = await receiver(t);
  const settings = { WEBHOOK_URL: hook.url, ...options.settings };
  const node = await startNode(t, { workers: 1, ...options, settings, ...(!paired && { devices: 1 }) });
  const id = paired ? 'paired' : node.seeded[0]!.id;
  if (paired) await node.pair(id);
  await node.opened();
  const own = node.device(id).jid!.replace(/[:@].*/, '');
  const person = async (given: { phone?: string; name?: string }): Promise<Person> => {
    const { phone, jid, lid } = await node.simulator.createPhone(given);
    return { phone, jid, lid };
  };
  const [self, annAs, bobAs] = [
    await person({ phone: own }),
    await person({ name: 'Ann' }),
    await person({ name: 'Bob' }),
  ];
  const given = new Set<string>();

  const event: Inbound['event'] = (name, fields = {}) =>
    until(
      () => {
        const found = hook.delivered.find(
          one =>
            one.event === name &&
            !given.has(one.id) &&
            Object.entries(fields).every(([field, value]) => one.payload[field] === value),
        );
        if (found) given.add(found.id);
        return found;
      },
      { what: `${name} ${JSON.stringify(fields)}` },
    ).catch(error => {
      const came = hook.delivered.slice(-5).map(one => JSON.stringify([one.event, one.payload]));
      throw new Error(`${(error as Error).message}; came: ${came.join('\n')}`);
    });
  const send: Inbound['send'] = async (from, to, content) =>
    (await node.simulator.call('send', { params: { phone: from.phone }, body: { to, ...content } as never }))
      .id;

  return {
    node,
    hook,
    id,
    self,
    ann: annAs,
    bob: bobAs,
    event,
    send,
    async told(content, name = 'message') {
      const sent = await send(annAs, own, content);
      const { payload } = await event(name, { id: sent });
      const { timestamp, ...rest } = payload;
      assert.ok(Math.abs(Date.parse(String(timestamp)) - Date.now()) < 60_000, String(timestamp));
      const common = {
        id: sent,
        chat_id: annAs.jid,
        chat_lid: annAs.lid,
        from: annAs.jid,
        from_lid: annAs.lid,
        is_from_me: false,
        from_name: 'Ann',
        sender_display_name: 'Ann',
      };
      for (const [field, value] of Object.entries(common)) {
        assert.equal(rest[field], value, field);
        delete rest[field];
      }
      return { id: sent, payload: rest };
    },
    async silent(act, ...names) {
      const from = hook.delivered.length;
      await act();
      const last = await event('message', { id: await send(annAs, own, { text: 'that is all' }) });
      const came = hook.delivered.slice(from).flatMap(one => (one.id === last.id ? [] : one.event));
      assert.deepEqual(
        came.filter(name => names.includes(name)),
        [],
      );
    },
  };
}
