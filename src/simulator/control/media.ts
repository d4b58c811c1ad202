// Routes about media: what phones send and fetch, what the media host keeps, and what is expired.
import { Readable } from 'node:stream';
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { chatNamed } from '../accounts/naming.ts';
import { phoneOf } from '../accounts/phones.ts';
import { mediaKinds } from '../media/message.ts';
import { generatedBytes, mediaAt, mediaIn, sendMedia } from '../media/phone-media.ts';
import type { StoredBlob } from '../media/store.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { OfPhone } from './fields.ts';
import { type AddRoute, document, shapes } from './route.ts';

/** Of a body; larger media is generated. */
const MAX_BODY = 64 * 1024 * 1024;
const MAX_GENERATED = 2 * 1024 ** 3;
/** Of a listing, the newest. */
const LISTED = 1_000;

const size = z.coerce.number().int().min(1);
const OfMessage = OfPhone.extend({ id: z.string() });
const BlobView = z
  .object({
    directPath: z.string(),
    url: z.string(),
    type: z.string().openapi({ description: 'What it was uploaded as.' }),
    bytes: z.number().openapi({ description: 'As stored: encrypted, with its MAC.' }),
    at: z.number().openapi({ description: 'Unix ms.' }),
    downloads: z.number(),
    expired: z.number().optional().openapi({ description: 'The status that a download gets.' }),
  })
  .openapi('Blob');

export const mediaShapes = shapes({
  sendMedia: {
    id: 'sendMedia',
    method: 'post',
    path: '/phones/{phone}/send-media',
    tag: 'media',
    summary: 'Sends a picture, a voice note, a document… as this phone',
    description:
      'The body is the file, up to 64 MiB. With an empty body `generate` bytes are made up from `seed`: the same for the same seed, and no valid picture or sound.',
    params: OfPhone,
    query: z.object({
      to: z.string().openapi({ description: 'Digits, or the JID of a person or of a group.' }),
      kind: z.enum(mediaKinds),
      caption: z.string().max(65_536).optional(),
      mimetype: z.string().max(255).optional(),
      fileName: z.string().max(1_024).optional(),
      seconds: z.coerce.number().int().min(0).optional(),
      width: size.optional(),
      height: size.optional(),
      waveform: z
        .string()
        .regex(/^\d{1,3}(,\d{1,3})*$/)
        .transform(text => Uint8Array.from(text.split(',').map(Number)))
        .optional()
        .openapi({
          description: 'Of a voice note: numbers from 0 to 100, usually 64.',
          example: '0,40,100,40,0',
        }),
      viewOnce: z.enum(['true', 'false']).optional(),
      generate: size.max(MAX_GENERATED).optional(),
      seed: z.coerce.number().int().min(0).optional(),
      id: z.string().min(1).max(64).optional(),
    }),
    raw: 'bytes',
    maxBytes: MAX_BODY,
    results: z.object({ id: z.string() }),
  },
  media: {
    id: 'media',
    method: 'get',
    path: '/media',
    tag: 'media',
    summary: 'What the media host keeps: the newest 1,000 blobs, the newest last',
    results: z.object({
      bytes: z.number(),
      budget: z.number().openapi({ description: 'When it is reached, the oldest go.' }),
      blobs: z.array(BlobView),
    }),
  },
  expireMedia: {
    id: 'expireMedia',
    method: 'post',
    path: '/media/expire',
    tag: 'media',
    summary:
      'Downloads fail from now on, as after weeks; phones still have it and upload it again when asked',
    description: 'By `directPath`, by a message (`phone` and `id`), or `all` that there is now.',
    body: z.object({
      directPath: z.string().optional(),
      phone: z.string().optional(),
      id: z.string().optional(),
      all: z.literal(true).optional(),
      status: z.union([z.literal(404), z.literal(410)]).default(410),
    }),
    results: z.object({ expired: z.number() }),
  },
});

const mediaFile = {
  id: 'messageMedia',
  method: 'get',
  path: '/phones/{phone}/messages/{id}/media',
  tag: 'media',
  summary: 'The media of a message as the person sees it: downloaded, authenticated, decrypted',
  params: OfMessage,
  results: z.string().openapi({ format: 'binary' }),
} as const;

export function mediaRoutes(add: AddRoute, app: OpenAPIHono, world: World): void {
  add(mediaShapes.sendMedia, async ({ params, query, bytes }) => {
    const { to, generate, seed = 0, viewOnce, id, ...details } = query;
    if (bytes.length > 0 === (generate !== undefined))
      throw new Refused(400, 'the file is the body, or `generate` says how many bytes to make up');
    const source = generate === undefined ? [bytes] : generatedBytes(generate, seed);
    const media = { ...details, viewOnce: viewOnce === 'true' };
    return { id: await sendMedia(world, phoneOf(world, params.phone), chatNamed(to), source, media, id) };
  });

  document(app, mediaFile, 'application/octet-stream');
  app.get('/phones/:phone/messages/:id/media', async context => {
    const { phone, id } = context.req.param();
    const { mimetype, length, bytes } = await mediaAt(world, phoneOf(world, phone), id);
    return context.body(Readable.toWeb(Readable.from(bytes)) as ReadableStream, 200, {
      'content-type': safeType(mimetype),
      'content-length': String(length),
    });
  });

  add(mediaShapes.media, () => {
    const { bytes, budget } = world.media;
    return {
      bytes,
      budget,
      blobs: [...world.media.all()].slice(-LISTED).map(blob => describeBlob(world, blob)),
    };
  });

  add(mediaShapes.expireMedia, ({ body }) => {
    const blobs = body.all ? [...world.media.all()] : [blobNamed(world, body)];
    const fresh = blobs.filter(blob => blob.expired === undefined);
    for (const blob of fresh) blob.expired = body.status;
    world.changed();
    return { expired: fresh.length };
  });
}

interface Named {
  readonly directPath?: string | undefined;
  readonly phone?: string | undefined;
  readonly id?: string | undefined;
}

function blobNamed(world: World, { directPath, phone, id }: Named): StoredBlob {
  const path = directPath ?? (phone && id && pathOf(world, phone, id));
  if (!path) throw new Refused(400, 'name a directPath, a message by phone and id, or say all: true');
  const blob = world.media.find(path);
  if (!blob) throw new Refused(404, 'the media host has no such media');
  return blob;
}

function pathOf(world: World, phone: string, id: string): string {
  const media = mediaIn(phoneOf(world, phone), id);
  if (!media) throw new Refused(404, `phone ${phone} has no message ${id} with media`);
  return media.directPath;
}

function describeBlob(world: World, { directPath, type, content, at, downloads, expired }: StoredBlob) {
  return {
    directPath,
    url: world.media.urlOf(directPath),
    type,
    bytes: content.length,
    at,
    downloads,
    expired,
  };
}

/** A sender wrote it: it must not become another header, nor a page of this origin. */
function safeType(mimetype: string): string {
  const plain = /^(image|audio|video|application)\/[\w.+-]+(; ?[\w-]+=[\w-]+)?$/.test(mimetype);
  return plain && !/html|xml|script/i.test(mimetype) ? mimetype : 'application/octet-stream';
}
