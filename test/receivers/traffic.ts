// What happens to an account on an ordinary day, for receivers to hear of: texts, answers, reactions, edits, deletions,
// receipts, files, groups, calls. Two devices of a node, and people with phones.
import type { TestNode } from '../support/node.ts';
import { until } from '../support/until.ts';

const jidOf = (phone: string) => `${phone}@s.whatsapp.net`;

export interface Happened {
  readonly texts: readonly { readonly id: string; readonly from: string; readonly text: string }[];
  /** Sent through the API, and read by who got it. */
  readonly sent: string;
  readonly reply: string;
  readonly reacted: string;
  readonly edited: string;
  readonly revoked: string;
  readonly picture: string;
  readonly group: string;
  readonly call: string;
  /** The people. */
  readonly ann: string;
  readonly bob: string;
}

/** Makes it happen; all of it is on its way to the devices when it resolves. */
export async function anOrdinaryDay(node: TestNode, rounds: number): Promise<Happened> {
  const { simulator, seeded } = node;
  const [{ phone: own, id: device }, { phone: other }] = seeded as [(typeof seeded)[0], (typeof seeded)[0]];
  const [{ phone: ann }, { phone: bob }] = [
    await simulator.createPhone({ name: 'Ann' }),
    await simulator.createPhone({ name: 'Bob' }),
  ];
  const say = async (from: string, to: string, content: Record<string, unknown>): Promise<string> =>
    (await simulator.call('send', { params: { phone: from }, body: { to, ...content } as never })).id;

  const texts: { id: string; from: string; text: string }[] = [];
  for (let n = 1; n <= rounds; n++)
    for (const to of [own, other]) {
      const text = `olá ${n} 🐟 "${to}"`;
      texts.push({ id: await say(ann, to, { text }), from: jidOf(ann), text });
    }
  const [first] = texts as [(typeof texts)[0]];
  const reply = await say(ann, own, { text: 'and that?', quote: first.id });
  await say(ann, own, { react: { message: first.id, emoji: '👍' } });
  const edited = await say(ann, own, { text: 'first version' });
  await say(ann, own, { edit: { message: edited, text: 'second version' } });
  const revoked = await say(ann, own, { text: 'a mistake' });
  await say(ann, own, { revoke: { message: revoked } });
  await say(ann, own, { location: { latitude: -23.5, longitude: -46.6, name: 'here' } });
  await say(ann, own, { contacts: [{ name: 'Bob', phone: bob }] });
  const { id: picture } = await simulator.sendMedia(
    ann,
    { to: own, kind: 'image', caption: 'look', mimetype: 'image/jpeg' },
    Buffer.alloc(500, 3),
  );

  const { body } = await node.sendText(device, ann, 'an answer from us');
  const sent = body.results?.message_id ?? '';
  await until(async () => (await simulator.messages(ann)).some(({ id }) => id === sent));
  await simulator.read(ann, own, [sent]);

  const { jid: group } = await simulator.call('createGroup', {
    body: { by: ann, subject: 'Club', members: [own] },
  });
  const change = (what: Record<string, unknown>) =>
    simulator.call('changeGroup', { params: { group }, body: { by: ann, change: what } as never });
  await change({ type: 'add', members: [bob] });
  await change({ type: 'promote', members: [bob] });
  await change({ type: 'subject', subject: 'The club' });
  await say(bob, group, { text: 'hello, all of you' });
  await change({ type: 'remove', members: [bob] });
  const { id: call } = await simulator.call('call', {
    params: { phone: ann },
    body: { to: own, timeoutMs: 50 },
  });
  return { texts, sent, reply, reacted: first.id, edited, revoked, picture, group, call, ann, bob };
}
