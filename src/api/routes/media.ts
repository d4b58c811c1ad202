// Files in messages: fetched when somebody asks for them, and handed out by links that are good for some minutes.
import { join } from 'node:path';
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { getExtension } from 'hono/utils/mime';
import type { mediaDownload } from '../../device/commands/media-download.ts';
import { Failure } from '../../errors.ts';
import { cleanName } from '../../lib/file-name.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { lineFailures } from '../failures.ts';
import { fileAnswer } from '../file-answer.ts';
import { messageId, messageParams } from '../message-id.ts';
import { recipientJid } from '../recipient.ts';
import { failureResponses } from '../responses.ts';
import type { AddRoute } from '../route.ts';

/** A large file on a slow line. */
const DOWNLOAD_MS = 600_000;
/** A phone that is online answers within seconds. */
const PHONE_MS = 25_000;

/** Paths of files: what is asked there shows its right by its link. */
export const isFilePath = (path: string): boolean =>
  path.startsWith('/media/') || path.startsWith('/statics/media/');

export function mediaRoutes(app: OpenAPIHono<ApiEnv>, add: AddRoute, deps: ApiDeps): void {
  const { media } = deps;
  add(
    {
      id: 'downloadMessageMedia',
      method: 'get',
      path: '/message/{message_id}/download',
      tag: 'media',
      scope: 'read',
      summary: 'The file of a message, and a link to it',
      device: 'selected',
      params: messageParams,
      query: z.object({
        phone: z
          .string()
          .min(1)
          .openapi({ description: 'The chat: a number with its country code, or a JID.' }),
      }),
      results: z.object({
        message_id: z.string(),
        status: z.string(),
        media_type: z.enum(['image', 'video', 'video_note', 'audio', 'document', 'sticker']),
        mime_type: z.string(),
        filename: z.string(),
        file_path: z
          .string()
          .openapi({ description: 'Relative to the base of this API; a link as file_url.' }),
        file_url: z.string().openapi({ description: 'Good for some minutes, without another credential.' }),
        file_size: z.int(),
      }),
      failures: [
        'MESSAGE_NOT_FOUND',
        'MEDIA_NOT_FOUND',
        'MEDIA_GONE',
        'MEDIA_CORRUPT',
        'PAYLOAD_TOO_LARGE',
        'INVALID_JID',
        'WA_UNEXPECTED',
        ...lineFailures,
      ],
    },
    async ({ device, devices, params, query, base, command }) => {
      const message_id = messageId(params.message_id);
      const chat = recipientJid(query.phone);
      const found = await devices.command<typeof mediaDownload>(
        device.id,
        'media-download',
        {
          chat,
          id: message_id,
          folder: media.folderOf(device.no),
          maxBytes: media.keptBytes,
          phoneMs: Math.min(PHONE_MS, command.within),
        },
        { ...command, within: command.within + DOWNLOAD_MS },
      );
      const mimetype = found.mimetype ?? 'application/octet-stream';
      const filename =
        cleanName(found.filename) ?? `${message_id.replace(/[^\w.-]/g, '_')}.${extensionOf(mimetype)}`;
      const token = media.link({ deviceNo: device.no, name: found.name, mimetype, filename });
      const status = 'Media downloaded successfully';
      return {
        message: status,
        results: {
          message_id,
          status,
          media_type: found.kind,
          mime_type: mimetype,
          filename,
          file_path: `statics/media/${token}`,
          file_url: `${base}/media/${token}`,
          file_size: found.bytes,
        },
      };
    },
  );

  const served = async (c: Context<ApiEnv>) => {
    const linked = media.linked(c.req.param('token') ?? '');
    if (!linked) throw new Failure('MEDIA_LINK_INVALID');
    const { deviceNo, name, mimetype, filename } = linked;
    const path = join(media.folderOf(deviceNo), name);
    const answer = await fileAnswer(c, { path, mimetype, filename, tag: name });
    if (!answer) throw new Failure('MEDIA_LINK_INVALID');
    return answer;
  };
  app.openAPIRegistry.registerPath({
    operationId: 'getMedia',
    method: 'get',
    path: '/media/{token}',
    tags: ['media'],
    summary:
      'A file by its link (file_url of a download); /statics/media/{token}, as gowa has it, is the same',
    security: [],
    request: { params: z.object({ token: z.string() }) },
    responses: {
      200: { description: 'The file', content: { '*/*': { schema: z.any() } } },
      206: { description: 'The range of it that was asked for', content: { '*/*': { schema: z.any() } } },
      304: { description: 'The caller has it already' },
      416: { description: 'It has no such range' },
      ...failureResponses(['MEDIA_LINK_INVALID', 'INTERNAL_SERVER_ERROR']),
    },
  });
  app.get('/media/:token', served);
  app.get('/statics/media/:token', served);
}

const extensions: Readonly<Record<string, string>> = {
  'audio/ogg': 'ogg',
  'audio/mp4': 'm4a',
  'audio/amr': 'amr',
  'image/jpeg': 'jpg',
};

function extensionOf(mimetype: string): string {
  const essence = mimetype.split(';')[0]?.trim().toLowerCase() ?? '';
  return extensions[essence] ?? getExtension(essence) ?? 'bin';
}
