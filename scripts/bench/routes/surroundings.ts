/** What requests to a node are about that gowa has no routes for: groups, a community, a channel, labels, messages and a key. */

import { DEVICE, type GowaWorld } from '../../../test/support/gowa/world.ts';
import type { Hints } from '../../../test/support/openapi/generate.ts';
import { pick } from '../../../test/support/random.ts';

export interface Surroundings {
  readonly hints: Hints;
  /** Requests of operations that chance does not find. */
  readonly calls: Readonly<Record<string, () => Promise<readonly Request[]>>>;
  /** What every request shows: nothing until there is a key. */
  headers(): Readonly<Record<string, string>>;
}

const jid = (phone: string) => `${phone}@s.whatsapp.net`;

export async function surroundings(world: GowaWorld): Promise<Surroundings> {
  const { contact, friend, business, channel } = world;
  const device = { 'X-Device-Id': DEVICE };
  const made = async (path: string, body: object, name: string): Promise<string> => {
    const { status, body: said } = await world.api<Record<string, unknown>>('POST', path, body, device);
    if (status !== 200) throw new Error(`${path}: ${JSON.stringify(said)}`);
    return String(said.results?.[name]);
  };
  const groups = await Promise.all([world.group(), world.group(), world.group()]);
  const foreign = await Promise.all([world.foreignGroup(), world.foreignGroup()]);
  const community = await made('/community', { title: 'Reefs' }, 'community_id');
  const ownChannel = await made('/newsletter', { name: 'Ours' }, 'newsletter_id');
  const label = await made('/label', { name: 'Regulars' }, 'label_id');
  const sent = await world.sent();
  const received = [await world.received(), await world.received()];
  const webhook = await made('/webhooks', { url: 'https://example.com/hook' }, 'webhook_id');
  await made(`/webhooks/${webhook}/pause`, {}, 'webhook_id');
  const told = await world.api<{ events: { id: string }[] }>('GET', '/events?limit=1', undefined, device);
  const firstEvent = told.body.results?.events[0]?.id;
  const { simulator } = world;
  const { serverId: post } = await simulator.call('addPost', {
    params: { jid: channel },
    body: { text: 'Low at three' },
  });
  const picture = new Blob([new Uint8Array(world.picture)], { type: 'image/png' });
  const film = new Blob([new Uint8Array(world.film)], { type: 'video/mp4' });
  const passphrase = { 'x-archive-passphrase': 'correct horse battery' };
  let exported: { readonly id: string; readonly archive: Buffer } | undefined;
  let key: { readonly id: string; readonly text: string } | undefined;
  let devices = 0;

  const authorized = () => (key ? { authorization: `Bearer ${key.text}` } : {});
  const unlinked = async () => {
    const device_id = `unpaired-${++devices}`;
    await made('/devices', { device_id }, 'id');
    return device_id;
  };
  const newKey = async () => {
    const grant = { name: 'bench', scopes: ['read', 'send', 'write', 'devices', 'admin'] };
    const { body } = await world.api<{ key: string; key_id: string }>('POST', '/keys', grant, authorized());
    if (!body.results) throw new Error(JSON.stringify(body));
    return { id: body.results.key_id, text: body.results.key };
  };

  const to = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    new Request(new URL(path, world.node.url), {
      method,
      headers: { ...device, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

  const form = (path: string, texts: Record<string, string>, files: Record<string, readonly Blob[]>) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(texts)) body.append(name, value);
    for (const [name, some] of Object.entries(files)) for (const one of some) body.append(name, one, 'file');
    return new Request(new URL(path, world.node.url), { method: 'POST', headers: device, body });
  };
  const archiveOf = (id: string) =>
    new Request(new URL(`/devices/${id}/export`, world.node.url), { headers: passphrase });

  return {
    headers: authorized,
    hints(name, { path }, random) {
      switch (name) {
        case 'device_id':
        case 'X-Device-Id':
          return DEVICE;
        case 'phone':
          if (path.startsWith('/user/business')) return jid(business);
          return /group\/|ephemeral|member-label/.test(path) ? groups[0]?.jid : jid(contact);
        case 'participants':
        case 'mentions':
        case 'contact_phone':
        case 'caller_jid':
        case 'participant':
          return jid(random() < 0.5 ? contact : friend);
        case 'chat_jid':
          return jid(contact);
        case 'group_id':
          return pick(random, groups).jid;
        case 'newsletter_id':
          return random() < 0.5 ? channel : ownChannel;
        case 'community_id':
          return community;
        case 'label_id':
          return label;
        case 'link':
          return `https://chat.whatsapp.com/${pick(random, foreign).code}`;
        case 'message_id':
        case 'reply_message_id':
          return random() < 0.5 ? sent : pick(random, received);
        case 'code':
          return foreign[0]?.code;
        case 'webhook_url':
          return 'https://example.com/hook';
        case 'key_id':
          return key?.id;
        case 'webhook_id':
          return webhook;
        case 'event_id':
          return firstEvent;
        default:
          return undefined;
      }
    },
    calls: {
      login: async () => [to('POST', '/device/login', { device_id: await unlinked() })],
      logout: async () => [to('POST', '/device/logout', {}, { 'X-Device-Id': await world.spare() })],
      async qrPicture() {
        const id = await unlinked();
        await made('/device/login', { device_id: id }, 'qr_link');
        return [to('GET', `/devices/${id}/qr.png`)];
      },
      async exportDevice() {
        const id = await world.spare();
        exported = { id, archive: Buffer.from(await (await fetch(archiveOf(id))).arrayBuffer()) };
        return [archiveOf(id)];
      },
      takeDeviceBack: async () => [to('POST', `/devices/${exported?.id}/take-back`, {})],
      async importDevice() {
        await fetch(to('DELETE', `/devices/${exported?.id}`));
        const request = new Request(new URL('/devices/import?device_id=moved', world.node.url), {
          method: 'POST',
          headers: { ...passphrase, 'content-type': 'application/octet-stream' },
          body: new Uint8Array(exported?.archive ?? []),
        });
        return [request];
      },
      sendStatus: async () => [to('POST', '/send/status', { message: 'Ahoy', recipients: [friend] })],
      sendVideoNote: async () => [form('/send/video-note', { phone: jid(contact) }, { video: [film] })],
      sendAlbum: async () => [form('/send/album', { phone: jid(contact) }, { files: [picture, picture] })],
      async votePoll() {
        const poll = { phone: jid(contact), question: 'When?', options: ['now', 'later'], max_answer: 1 };
        const id = await made('/send/poll', poll, 'message_id');
        return [to('POST', `/message/${id}/vote`, { phone: jid(contact), options: ['now'] })];
      },
      async answerEvent() {
        const event = { phone: jid(contact), name: 'Regatta', start_time: new Date(Date.now() + 86_400_000) };
        const id = await made('/send/event', event, 'message_id');
        return [to('POST', `/message/${id}/event-response`, { phone: jid(contact), response: 'going' })];
      },
      userCheckMany: async () => [to('POST', '/user/check', { phones: [contact, friend, business] })],
      updateLabel: async () => [to('PATCH', `/label/${label}`, { name: 'Friends', color: 2 })],
      setNewsletterName: async () => [
        to('POST', '/newsletter/name', { newsletter_id: ownChannel, name: 'Tides' }),
      ],
      setNewsletterDescription: async () => [
        to('POST', '/newsletter/description', { newsletter_id: ownChannel, description: 'High and low' }),
      ],
      setNewsletterReactions: async () => [
        to('POST', '/newsletter/reactions', { newsletter_id: ownChannel, mode: 'all' }),
      ],
      newsletterSubscribers: async () => [to('GET', `/newsletter/subscribers?newsletter_id=${ownChannel}`)],
      newsletterAdminCount: async () => [to('GET', `/newsletter/admins/count?newsletter_id=${ownChannel}`)],
      reactToNewsletterMessage: async () => [
        to('POST', '/newsletter/reaction', { newsletter_id: channel, server_id: post, emoji: '👍' }),
      ],
      async getMedia() {
        const path = `/message/${await world.receivedPicture()}/download?phone=${jid(contact)}`;
        const { body } = await world.api<{ file_url: string }>('GET', path, undefined, device);
        return [to('GET', new URL(body.results?.file_url ?? '').pathname)];
      },
      async createKey() {
        // The one that all requests show, from here on and when they are played.
        key = await newKey();
        return [to('POST', '/keys', { name: 'shop', scopes: ['read', 'send'] })];
      },
      updateKey: async () => [to('PATCH', `/keys/${(await newKey()).id}`, { name: 'van' })],
      rotateKey: async () => [to('POST', `/keys/${(await newKey()).id}/rotate`, {})],
      revokeKey: async () => [to('DELETE', `/keys/${(await newKey()).id}`)],
      // As many entries as a page has, unless asked otherwise.
      listAudit: async () => [to('GET', '/audit')],
    },
  };
}
