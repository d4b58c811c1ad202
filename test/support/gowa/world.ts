// What gowa's clients find when they come: a node with devices, and people, groups, a channel and a business around them.
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { qrPng } from '../../../src/api/qr.ts';
import { journalOf } from '../journal.ts';
import { startNode, type TestNode, type TestNodeOptions } from '../node.ts';
import { until } from '../until.ts';

/** The device that is asked unless a call names another. */
export const DEVICE = 'device-0';

export interface GowaWorld extends TestNode {
  /** The number of the device's account. */
  readonly own: string;
  /** People with phones. */
  readonly contact: string;
  readonly friend: string;
  readonly business: string;
  /** A channel that the device follows, with posts. */
  readonly channel: string;
  /** A picture (PNG), a second of sound (WAV) and a second of film (MP4). */
  readonly picture: Uint8Array;
  readonly sound: Uint8Array;
  readonly film: Uint8Array;
  /** A new group that the device made and the contact is in. */
  group(settings?: { readonly approval?: boolean }): Promise<{ readonly jid: string; readonly code: string }>;
  /** A new group of the contact's, without the device. */
  foreignGroup(): Promise<{ readonly jid: string; readonly code: string }>;
  /** Sends a text from the device to the contact; its id. */
  sent(): Promise<string>;
  /** A text from the contact to the device, once it has arrived; its id. */
  received(): Promise<string>;
  /** A picture from the contact to the device, once it has arrived; its id. */
  receivedPicture(): Promise<string>;
  /** A device that nobody is asked of afterwards. */
  spare(): Promise<string>;
}

/** `spares` is how many linked devices may be logged out or removed. */
export async function startGowaWorld(
  t: TestContext,
  spares = 4,
  more: Omit<TestNodeOptions, 'devices'> = {},
): Promise<GowaWorld> {
  const node = await startNode(t, { ...more, devices: 1 + spares });
  await node.opened();
  const { simulator, seeded } = node;
  const own = seeded[0]?.phone ?? '';
  const people = await simulator.createPhones(3, { name: 'Person {n}' });
  const [contact = '', friend = '', business = ''] = people.map(({ phone }) => phone);
  await simulator.call('setBusiness', {
    params: { phone: business },
    body: {
      verifiedName: 'Corner Shop',
      address: 'Rua do Mar 1',
      email: 'shop@example.com',
      description: 'Fish and nets',
      websites: ['https://shop.example.com'],
      categories: [{ id: '1', name: 'Shopping' }],
      hours: {
        timezone: 'Europe/Lisbon',
        days: [{ day: 'mon', mode: 'specific_hours', open: 540, close: 1080 }],
      },
    },
  });
  const channel = await simulator.call('createChannel', {
    params: { phone: contact },
    body: { name: 'Tides', description: 'High and low' },
  });
  for (const phone of [own, friend])
    await simulator.call('follow', { params: { phone, jid: channel.jid }, body: { role: 'SUBSCRIBER' } });
  const post = await simulator.call('addPost', {
    params: { jid: channel.jid },
    body: { text: 'High at nine' },
  });
  await simulator.call('reactToPost', {
    params: { phone: friend, jid: channel.jid, serverId: String(post.serverId) },
    body: { reaction: '👍' },
  });
  const picture = await qrPng('a picture');
  await simulator.call('setPicture', { params: { phone: contact }, bytes: picture });
  let spare = 0;

  const arrived = (id: string) =>
    until(async () => (await journalOf(node.sql, DEVICE)).some(({ payload }) => payload.id === id), {
      what: `${id} in the journal of ${DEVICE}`,
    });
  const groupBy = async (by: string, members: string[], approval = false) => {
    const made = await simulator.call('createGroup', {
      body: { by, subject: 'Choir', description: 'We sing', members, settings: { approval } },
    });
    return { jid: made.jid, code: made.inviteCode };
  };

  return {
    ...node,
    own,
    contact,
    friend,
    business,
    channel: channel.jid,
    picture,
    sound: silence(),
    film: readFileSync(new URL('../../../../test/fixtures/media/film.mp4', import.meta.url)),
    group: ({ approval = false } = {}) => groupBy(own, [contact], approval),
    foreignGroup: () => groupBy(contact, [friend]),
    async sent() {
      const { body } = await node.sendText(DEVICE, contact, 'Ahoy');
      return body.results?.message_id ?? '';
    },
    async received() {
      const { id } = await simulator.send(contact, own, 'Ahoy to you');
      await arrived(id);
      return id;
    },
    async receivedPicture() {
      const { id } = await simulator.sendMedia(
        contact,
        { to: own, kind: 'image', caption: 'The sea', mimetype: 'image/png' },
        picture,
      );
      await arrived(id);
      return id;
    },
    async spare() {
      spare += 1;
      if (spare > spares) throw new Error(`only ${spares} devices may be spoilt`);
      return `device-${spare}`;
    },
  };
}

/** A second of it: WAV, 8,000 samples of 16 bits. */
function silence(): Uint8Array {
  const samples = 8_000;
  const file = Buffer.alloc(44 + samples * 2);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + samples * 2, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(samples, 24);
  file.writeUInt32LE(samples * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(samples * 2, 40);
  return file;
}
