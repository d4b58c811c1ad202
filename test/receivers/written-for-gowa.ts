// A receiver as somebody has written it for go-whatsapp-web-multidevice, from its page on webhooks: the signature over the raw
// body in X-Hub-Signature-256, then a switch over `event` that reads the fields which that page shows. It knows nothing of
// Cardume, and is not to be changed for it.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Json {
  readonly [field: string]: unknown;
}

export interface GowaReceiver {
  readonly url: string;
  /** What it has made of the events, one line each, as an application would log it. */
  readonly log: readonly string[];
  /** Events that it had no case for. */
  readonly others: ReadonlySet<string>;
  readonly refused: number;
  close(): void;
}

function isSigned(raw: Buffer, header: string, secret: string): boolean {
  const expected = createHmac('sha256', secret).update(raw).digest();
  const given = Buffer.from(header.replace('sha256=', ''), 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** A field that an application cannot do without. */
function need(of: Json, name: string): unknown {
  const value = of[name];
  if (value === undefined) throw new Error(`there is no ${name} in ${JSON.stringify(of)}`);
  return value;
}

const listOf = (of: Json, name: string): string => (need(of, name) as readonly string[]).join(' ');

const MEDIA = ['image', 'video', 'audio', 'document', 'sticker', 'video_note'] as const;

/** With automatic downloads a path, or a path and a caption; without them a link. */
const fileOf = (media: string | Json): unknown =>
  typeof media === 'string' ? media : (media.path ?? need(media, 'url'));

function textOf(payload: Json): string {
  for (const kind of MEDIA) {
    const media = payload[kind] as string | Json | undefined;
    const caption = payload.body === undefined ? '' : ` "${payload.body}"`;
    if (media !== undefined) return `${kind} ${fileOf(media)}${caption}`;
  }
  const contact = payload.contact as Json | undefined;
  if (contact)
    return `contact ${need(contact, 'displayName')} ${String(need(contact, 'vcard')).split('\n')[0]}`;
  const place = (payload.location ?? payload.live_location) as Json | undefined;
  if (place) return `place ${need(place, 'degreesLatitude')} ${need(place, 'degreesLongitude')}`;
  const reply =
    payload.replied_to_id === undefined
      ? ''
      : ` to ${payload.replied_to_id} "${need(payload, 'quoted_body')}"`;
  return `"${need(payload, 'body')}"${reply}`;
}

function lineOf(event: string, payload: Json): string | undefined {
  const field = (name: string) => need(payload, name);
  const who = () => `${field('from')} in ${field('chat_id')}`;
  switch (event) {
    case 'message':
      field('timestamp');
      return `${field('is_from_me') ? 'sent' : 'received'} ${field('id')} ${who()}: ${textOf(payload)}`;
    case 'message.reaction':
      return `${who()} reacted ${field('reaction')} to ${field('reacted_message_id')}`;
    case 'message.revoked':
      return `${who()} revoked ${field('revoked_message_id')} ${field('revoked_from_me')} ${field('revoked_chat')}`;
    case 'message.edited':
      return `${who()} edited ${field('original_message_id')}: "${field('body')}"`;
    case 'message.ack':
      return `${listOf(payload, 'ids')} ${field('receipt_type')} by ${who()} (${field('receipt_type_description')})`;
    case 'message.deleted':
      return `${field('deleted_message_id')} deleted in ${field('chat_id')}`;
    case 'group.participants':
      return `${listOf(payload, 'jids')} ${field('type')} ${field('chat_id')}`;
    case 'group.joined':
      return `added to ${field('chat_id')}`;
    case 'newsletter.joined':
      return `follows ${field('newsletter_id')} ${field('name')}`;
    case 'newsletter.left':
      return `left ${field('newsletter_id')} as ${field('role')}`;
    case 'call.offer':
      field('auto_rejected');
      field('remote_platform');
      return `call ${field('call_id')} from ${field('from')}`;
    default:
      return undefined;
  }
}

export async function gowaReceiver(secret: string): Promise<GowaReceiver> {
  const log: string[] = [];
  const others = new Set<string>();
  let refused = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    if (
      request.headers['content-type'] !== 'application/json' ||
      !isSigned(raw, String(request.headers['x-hub-signature-256']), secret)
    ) {
      refused += 1;
      response.writeHead(401).end('Unauthorized');
      return;
    }
    const data = JSON.parse(raw.toString('utf8')) as Json;
    const event = String(data.event);
    try {
      // The account, as whoever sends through it names it.
      need(data, 'device_id');
      const line = lineOf(event, need(data, 'payload') as Json);
      if (line === undefined) others.add(event);
      else log.push(line);
    } catch (error) {
      log.push(`CRASH at ${event}: ${(error as Error).message}`);
    }
    response.writeHead(200).end('OK');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/webhook`,
    log,
    others,
    get refused() {
      return refused;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
