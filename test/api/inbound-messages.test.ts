// Every kind of message that a phone can send becomes an event, field by field.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startInbound } from '../support/inbound.ts';
import { messageKinds } from '../support/message-kinds.ts';

test('every kind of message is told by the webhook', async t => {
  const { node, self, ann, bob, told, event, send, silent } = await startInbound(t);

  for (const [what, message, payload] of messageKinds)
    await t.test(what, async () => {
      assert.deepEqual((await told({ message })).payload, payload);
    });

  await t.test('a picture as a phone sends it', async () => {
    const { id } = await node.simulator.sendMedia(
      ann.phone,
      { to: self.phone, kind: 'image', caption: 'look', mimetype: 'image/jpeg' },
      Buffer.alloc(1000, 7),
    );
    const { payload } = await event('message', { id });
    const { url, ...image } = payload.image as Record<string, unknown>;
    assert.match(String(url), /^https?:\/\//);
    assert.deepEqual([payload.type, payload.body], ['image', 'look']);
    assert.deepEqual([image.mimetype, image.caption, image.size], ['image/jpeg', 'look', 1000]);
  });

  await t.test('a reply, a text that names people, a forwarded and a disappearing one', async () => {
    const { id } = await told({ text: 'the first' });
    assert.deepEqual((await told({ text: 'yes', quote: id })).payload, {
      type: 'text',
      body: 'yes',
      replied_to_id: id,
      quoted_body: 'the first',
      quoted_from: ann.jid,
      quoted_from_lid: ann.lid,
    });
    const named = await told({ text: `@${bob.phone}`, mentions: [bob.phone] });
    assert.deepEqual(named.payload.mentions, [bob.jid]);
    assert.equal((await told({ forward: id })).payload.forwarded, true);
    assert.equal((await told({ text: 'psst', expiresIn: 86_400 })).payload.expires_in, 86_400);
  });

  await t.test('a poll, a place and contacts as a phone makes them', async () => {
    const poll = { name: 'where?', options: ['here', 'there'], selectable: 1 };
    assert.deepEqual((await told({ poll })).payload, {
      type: 'poll',
      poll: { name: 'where?', options: ['here', 'there'], selectable_count: 1 },
    });
    const place = await told({ location: { latitude: 1, longitude: 2, name: 'here' } });
    assert.deepEqual(place.payload.location, { degreesLatitude: 1, degreesLongitude: 2, name: 'here' });
    const { contact } = (await told({ contacts: [{ name: 'Bob', phone: bob.phone }] })).payload;
    assert.equal((contact as Record<string, unknown>).phone_number, `+${bob.phone}`);
  });

  await t.test('the text of a stranger is carried to the letter', async () => {
    const text = `<script>alert(1)</script> \u001b[31mred\u001b[0m \u202edrowkcab ${'0'.repeat(64 * 1024)} é👨‍👩‍👧 \u0000`;
    assert.equal((await told({ message: { conversation: text } })).payload.body, text);
  });

  await t.test('what the account itself sends from its phone is its own', async () => {
    const id = await send(self, ann.phone, { text: 'from my phone' });
    const { payload } = await event('message', { id });
    assert.deepEqual(
      [payload.is_from_me, payload.chat_id, payload.from, payload.body],
      [true, ann.jid, self.jid, 'from my phone'],
    );
  });

  await t.test('a status post is none, and neither is a key that travels alone', async () => {
    await silent(() => send(ann, 'status@broadcast', { text: 'my day', statusTo: [self.phone] }), 'message');
    await silent(() => send(ann, self.phone, { message: { protocolMessage: { type: 6 } } }), 'message');
  });
});
