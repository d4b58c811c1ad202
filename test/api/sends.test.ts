// Every kind of message but media, over HTTP through a whole node to a simulated person, who decrypts it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode, type TestNode } from '../support/node.ts';
import { until } from '../support/until.ts';

type Json = Record<string, unknown>;
interface Kind {
  readonly path: string;
  readonly body: Json;
  /** Its field in proto.Message, and what must be in it. */
  readonly field: string;
  readonly says: Json;
  /** How gowa says that it was sent. */
  readonly sentence: string;
}

const card = (name: string, phone: string) =>
  `BEGIN:VCARD\nVERSION:3.0\nN:;${name};;;\nFN:${name}\nTEL;type=CELL;type=VOICE;waid=${phone}:+${phone}\nEND:VCARD`;

const kinds: readonly Kind[] = [
  {
    path: 'message',
    body: { message: 'olá 🐟' },
    field: 'extendedTextMessage',
    says: { text: 'olá 🐟' },
    sentence: 'Message sent to',
  },
  {
    path: 'contact',
    body: { contact_name: ' Ana; de, Sá ', contact_phone: '+15550007777' },
    field: 'contactMessage',
    says: { displayName: 'Ana; de, Sá', vcard: card('Ana\\; de\\, Sá', '15550007777') },
    sentence: 'Contact sent to',
  },
  {
    path: 'contacts',
    body: {
      contacts: [
        { name: 'Ana', phone: '15550007777' },
        { name: 'Rui', phone: '15550008888@s.whatsapp.net' },
      ],
    },
    field: 'contactsArrayMessage',
    says: {
      displayName: '2 contacts',
      contacts: [
        { displayName: 'Ana', vcard: card('Ana', '15550007777') },
        { displayName: 'Rui', vcard: card('Rui', '15550008888') },
      ],
    },
    sentence: 'Contacts sent to',
  },
  {
    path: 'link',
    body: { link: 'https://example.com/a?b=c', caption: 'look', title: 'A page', description: 'of ours' },
    field: 'extendedTextMessage',
    says: {
      text: 'look\nhttps://example.com/a?b=c',
      matchedText: 'https://example.com/a?b=c',
      title: 'A page',
      description: 'of ours',
    },
    sentence: 'Link sent to',
  },
  {
    path: 'location',
    body: { latitude: '-7.797068', longitude: '110.370529', name: 'Tugu', address: 'Yogyakarta' },
    field: 'locationMessage',
    says: { degreesLatitude: -7.797068, degreesLongitude: 110.370529, name: 'Tugu', address: 'Yogyakarta' },
    sentence: 'Send location success',
  },
  {
    path: 'live-location',
    body: { latitude: -7.5, longitude: '110.25', caption: 'here', accuracy: 12, speed: '1.5', heading: '90' },
    field: 'liveLocationMessage',
    says: {
      degreesLatitude: -7.5,
      degreesLongitude: 110.25,
      caption: 'here',
      accuracyInMeters: 12,
      speedInMps: 1.5,
      degreesClockwiseFromMagneticNorth: 90,
    },
    sentence: 'Live location sent to',
  },
  {
    path: 'poll',
    body: { question: 'When?', options: ['today', 'tomorrow', 'never'], max_answer: 1 },
    field: 'pollCreationMessageV3',
    says: {
      name: 'When?',
      options: [{ optionName: 'today' }, { optionName: 'tomorrow' }, { optionName: 'never' }],
      selectableOptionsCount: 1,
    },
    sentence: 'Send poll success',
  },
  {
    path: 'event',
    body: {
      name: 'Dinner',
      description: 'at ours',
      start_time: '2026-12-24T18:00:00Z',
      end_time: 1_798_146_000,
      location_name: 'Home',
      latitude: '38.7',
      longitude: '-9.1',
      extra_guests: true,
    },
    field: 'eventMessage',
    says: {
      name: 'Dinner',
      description: 'at ours',
      startTime: '1798135200',
      endTime: '1798146000',
      location: { degreesLatitude: 38.7, degreesLongitude: -9.1, name: 'Home' },
      extraGuestsAllowed: true,
    },
    sentence: 'Event sent to',
  },
];

const invite: Kind = {
  path: 'group-invite',
  body: {
    group_id: '120363000000000099@g.us',
    invite_code: 'AbCdEfGh12345678',
    invite_expiration: '1798146000',
    group_name: 'Fish',
    caption: 'come in',
  },
  field: 'groupInviteMessage',
  says: {
    groupJid: '120363000000000099@g.us',
    inviteCode: 'AbCdEfGh12345678',
    inviteExpiration: '1798146000',
    groupName: 'Fish',
    caption: 'come in',
  },
  sentence: 'Invitation sent to',
};

interface Sent {
  readonly message_id: string;
  readonly status: string;
}

/** What came: the field that says something, of the decrypted message as JSON. */
async function arrived(node: TestNode, phone: string, id: string, field: string): Promise<Json> {
  const { message } = await node.simulator.waitForMessage(phone, one => one.id === id);
  const content = message?.[field] as Json | undefined;
  assert.ok(content, `${field} in ${JSON.stringify(message)}`);
  return content;
}

function holds(content: Json, says: Json): void {
  const same = Object.fromEntries(Object.keys(says).map(name => [name, content[name]]));
  assert.deepEqual(same, says);
}

const formOf = (body: Json, form: FormData | URLSearchParams) => {
  for (const [field, value] of Object.entries(body)) {
    const texts = Array.isArray(value) && typeof value[0] === 'string' ? value : [value];
    for (const text of texts)
      form.append(field, typeof text === 'object' ? JSON.stringify(text) : String(text));
  }
  return form;
};

test('every kind of message but media', async t => {
  const node = await startNode(t, { workers: 1 });
  const own = await node.pair('sales');
  const ann = await node.simulator.createPhone({ name: 'Ann' });
  const bob = await node.simulator.createPhone({ name: 'Bob' });
  const group = (addressing: 'lid' | 'pn') =>
    node.simulator.call('createGroup', {
      body: { by: ann.phone, subject: 'Fish', members: [own, bob.phone], addressing },
    });
  const [byLid, byNumber] = [await group('lid'), await group('pn')];
  const send = async (path: string, body: Json) => {
    const answer = await node.api<Sent>('POST', `/send/${path}`, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return { ...answer.body, id: answer.body.results?.message_id ?? '' };
  };

  for (const kind of [...kinds, invite])
    await t.test(
      `/send/${kind.path} arrives decrypted and equal, by number, by LID and in groups`,
      async () => {
        const { path, body, field, says, sentence } = kind;
        for (const to of [ann.phone, ann.lid, byLid.jid, byNumber.jid]) {
          if (kind === invite && to.endsWith('@g.us')) continue;
          const { id, message, results } = await send(path, { phone: to, ...body });
          const shown = to.includes('@') ? to : `${to}@s.whatsapp.net`;
          assert.match(message, new RegExp(`^${sentence} ${shown} \\(server timestamp: 20.*Z\\)$`));
          assert.equal(results?.status, message);
          holds(await arrived(node, ann.phone, id, field), says);
          await until(async () => {
            const { body } = await node.api<{ status: string }>('GET', `/message/${id}/status`);
            return ['server_ack', 'delivered', 'read'].includes(body.results?.status ?? '');
          });
        }
      },
    );

  await t.test('JSON, a urlencoded form and a multipart form say the same', async () => {
    for (const { path, body, field, says } of [...kinds, invite])
      for (const form of [new URLSearchParams(), new FormData()]) {
        const response = await fetch(new URL(`/send/${path}`, node.node.url), {
          method: 'POST',
          body: formOf({ phone: ann.phone, ...body }, form),
        });
        const answer = (await response.json()) as { code: string; results: Sent };
        assert.equal(response.status, 200, JSON.stringify(answer));
        holds(await arrived(node, ann.phone, answer.results.message_id, field), says);
      }
  });
});
