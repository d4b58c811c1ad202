// gowa's /send for files: pictures, videos, sounds, documents, stickers; and albums and video notes, which gowa lacks.
import { z } from '@hono/zod-openapi';
import type { sendAlbum } from '../../device/commands/send-album.ts';
import type { sendAudio } from '../../device/commands/send-audio.ts';
import type { sendFile } from '../../device/commands/send-file.ts';
import type { sendImage } from '../../device/commands/send-image.ts';
import type { sendSticker } from '../../device/commands/send-sticker.ts';
import type { sendVideo } from '../../device/commands/send-video.ts';
import type { sendVideoNote } from '../../device/commands/send-video-note.ts';
import type { Upload } from '../../media/port.ts';
import type { ApiDeps } from '../deps.ts';
import { documentType, fileFailures, givenFile } from '../given-file.ts';
import type { AddRoute } from '../route.ts';
import { LONGEST_TEXT, sendAdder } from '../sending.ts';
import { invalid } from '../validate.ts';

const url = z
  .string()
  .nullish()
  .openapi({ description: 'The file by its URL (http, https), instead of a form.' });
const caption = z.string().max(LONGEST_TEXT).nullish();
const flag = z.boolean().nullish();
const captioned = (text: string | null | undefined) => (text ? { caption: text } : {});
/** WhatsApp's apps send no larger ones. */
const MOST_IN_ALBUM = 30;

export function sendMediaRoutes(add: AddRoute, { media }: ApiDeps): void {
  const sends = sendAdder(add);
  const failures = fileFailures;
  const { limits } = media;

  sends({
    id: 'sendImage',
    path: '/send/image',
    summary: 'Send a picture',
    fields: {
      image_url: url,
      caption,
      view_once: flag,
      compress: z
        .boolean()
        .nullish()
        .openapi({ default: true, description: 'At most 1600 pixels, as JPEG.' }),
      hd: z.boolean().nullish().openapi({ description: 'At most 2560 pixels; counts before compress.' }),
    },
    forms: { view_once: 'boolean', compress: 'boolean', hd: 'boolean' },
    files: { image: { maxBytes: limits.image } },
    failures,
    async say({ image_url, caption, view_once, compress, hd }, send, given) {
      const file = await givenFile(media, given, 'image', image_url);
      const how = { field: 'image', compress: compress ?? true, hd: hd ?? false };
      const picture = await media.picture(file, given.batch, how);
      return send<typeof sendImage>('send-image', {
        ...picture,
        ...captioned(caption),
        ...(view_once && { viewOnce: true }),
      });
    },
  });

  sends({
    id: 'sendVideo',
    path: '/send/video',
    summary: 'Send a video',
    sentence: 'Video sent to',
    fields: {
      video_url: url,
      caption,
      view_once: flag,
      compress: z.boolean().nullish().openapi({ description: 'At most 848 pixels, as MP4.' }),
      hd: z
        .boolean()
        .nullish()
        .openapi({ description: 'At most 1280 pixels, as MP4; counts before compress.' }),
      gif_playback: z
        .boolean()
        .nullish()
        .openapi({ description: 'It plays again and again without sound. It may be a GIF.' }),
    },
    forms: { view_once: 'boolean', compress: 'boolean', hd: 'boolean', gif_playback: 'boolean' },
    files: { video: { maxBytes: limits.video } },
    failures,
    async say({ video_url, caption, view_once, compress, hd, gif_playback }, send, given) {
      const file = await givenFile(media, given, 'video', video_url);
      const gif = gif_playback ?? false;
      const how = { field: 'video', compress: compress ?? false, hd: hd ?? false, gif };
      const film = await media.film(file, given.batch, how);
      return send<typeof sendVideo>('send-video', {
        ...film,
        ...captioned(caption),
        ...(gif && { gif }),
        ...(view_once && { viewOnce: true }),
      });
    },
  });

  sends({
    id: 'sendVideoNote',
    path: '/send/video-note',
    summary: 'Send a round video that plays in the chat',
    sentence: 'Video sent to',
    fields: { video_url: url },
    files: { video: { maxBytes: limits.video } },
    failures,
    async say({ video_url }, send, given) {
      const file = await givenFile(media, given, 'video', video_url);
      const film = await media.film(file, given.batch, { field: 'video', compress: false, hd: false });
      return send<typeof sendVideoNote>('send-video-note', film);
    },
  });

  sends({
    id: 'sendAudio',
    path: '/send/audio',
    summary: 'Send a sound, or a voice note',
    sentence: 'Send audio success',
    fields: {
      audio_url: url,
      ptt: z
        .boolean()
        .nullish()
        .openapi({ description: 'As a voice note with its waveform; what is no Ogg Opus is made so.' }),
      view_once: flag,
    },
    forms: { ptt: 'boolean', view_once: 'boolean' },
    files: { audio: { maxBytes: limits.audio } },
    failures,
    async say({ audio_url, ptt, view_once }, send, given) {
      const voice = ptt ?? false;
      const file = await givenFile(media, given, 'audio', audio_url);
      const sound = await media.sound(file, given.batch, { field: 'audio', voice });
      return send<typeof sendAudio>('send-audio', {
        ...sound,
        voice,
        ...(view_once && { viewOnce: true }),
      });
    },
  });

  sends({
    id: 'sendFile',
    path: '/send/file',
    summary: 'Send a document',
    sentence: 'Document sent to',
    fields: {
      file_url: url,
      caption,
      file_name: z
        .string()
        .max(255)
        .nullish()
        .openapi({ description: 'The name to show; its own otherwise.' }),
    },
    files: { file: { maxBytes: limits.file } },
    failures,
    async say({ file_url, caption, file_name }, send, given) {
      const file = await givenFile(media, given, 'file', file_url);
      return send<typeof sendFile>('send-file', {
        path: file.path,
        mimetype: await documentType(media, file),
        fileName: file_name || (file.filename ?? 'file'),
        ...captioned(caption),
      });
    },
  });

  sends({
    id: 'sendSticker',
    path: '/send/sticker',
    summary: 'Send a sticker, made of any picture or short video',
    sentence: 'Sticker sent to',
    fields: { sticker_url: url },
    files: { sticker: { maxBytes: limits.image } },
    failures,
    async say({ sticker_url }, send, given) {
      const file = await givenFile(media, given, 'sticker', sticker_url);
      const sticker = await media.sticker(file, given.batch, { field: 'sticker' });
      return send<typeof sendSticker>('send-sticker', { ...sticker, mimetype: 'image/webp' });
    },
  });

  sends({
    id: 'sendAlbum',
    path: '/send/album',
    summary: 'Send several pictures and videos as one album',
    sentence: 'Album sent to',
    fields: {
      file_urls: z.array(z.string()).max(MOST_IN_ALBUM).nullish(),
      caption: caption.openapi({ description: 'Under the first of them.' }),
      compress: flag,
      hd: flag,
    },
    forms: { file_urls: 'list', compress: 'boolean', hd: 'boolean' },
    files: { files: { maxBytes: limits.video, many: MOST_IN_ALBUM } },
    failures,
    async say({ file_urls, caption, compress, hd }, send, given) {
      const uploads: Upload[] = [...(given.files.files ?? [])];
      const urls = file_urls ?? [];
      const count = uploads.length + urls.length;
      if (count < 2 || count > MOST_IN_ALBUM)
        throw invalid('files', `an album has from 2 to ${MOST_IN_ALBUM} pictures and videos`);
      // All of them together are as much as one URL may be: thirty times that would fill a disk.
      let left = limits.url;
      for (const one of urls) {
        const limit = { field: 'file_urls', maxBytes: left, deviceNo: given.deviceNo };
        const file = await media.fetch(one, given.batch, limit);
        uploads.push(file);
        left -= file.bytes;
      }
      const parts = [];
      for (const file of uploads) {
        const image = (await media.typeOf(file))?.startsWith('image/') ?? false;
        const how = { field: 'files', compress: compress ?? image, hd: hd ?? false };
        parts.push({
          image,
          made: await (image ? media.picture(file, given.batch, how) : media.film(file, given.batch, how)),
        });
      }
      const images = parts.filter(({ image }) => image).length;
      const album = await send<typeof sendAlbum>('send-album', { images, videos: parts.length - images });
      for (const [index, { image, made }] of parts.entries()) {
        const input = {
          ...made,
          ...(index === 0 && captioned(caption)),
          album: album.messageId,
          id: given.newMessageId(),
        };
        await (image
          ? send<typeof sendImage>('send-image', input)
          : send<typeof sendVideo>('send-video', input));
      }
      return album;
    },
  });
}
