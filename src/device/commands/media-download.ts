import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { WAMessageKey } from '@whiskeysockets/baileys';
import { Failure } from '../../errors.ts';
import { monotonic } from '../../lib/deadline.ts';
import { command, type DeviceParts } from '../asking/command.ts';
import { download, NotThere } from '../asking/download.ts';
import { askPhoneForMedia } from '../asking/media-retry.ts';
import { party } from '../jid.ts';
import { saidIn } from '../translate/content/content.ts';
import type { Media } from '../translate/content/media.ts';
import { type Fields, given } from '../translate/read.ts';
import { fromMedia } from '../translate/state.ts';

interface Wanted {
  /** A JID in any form. */
  readonly chat: string;
  readonly id: string;
  /** Where files of this device are kept. */
  readonly folder: string;
  readonly maxBytes: number;
  /** How long the phone is waited for. */
  readonly phoneMs: number;
}

/** The file of a message: on the disk already, from WhatsApp's host, or from there again when the phone has put it back. */
export const mediaDownload = command({
  name: 'media-download',
  async run({ chat, id, folder, maxBytes, phoneMs }: Wanted, on, { deadline }) {
    const message = await on.said.message(chat, id);
    if (!message?.message)
      throw new Failure('MESSAGE_NOT_FOUND', 'No message of this id is known in this chat.', {
        results: { message_id: id },
      });
    const { media } = saidIn(message.message);
    if (!media?.sha256) throw new Failure('MEDIA_NOT_FOUND', undefined, { results: { message_id: id } });
    const name = nameOf(media);
    const to = join(folder, name);
    const { kind, mimetype, filename } = media;
    const about = {
      name,
      kind,
      ...(mimetype !== undefined && { mimetype }),
      ...(filename !== undefined && { filename }),
    };
    const kept = await stat(to).catch(() => undefined);
    if (kept) return { ...about, bytes: kept.size };
    const told = {
      message_id: id,
      ...chatOf(message.key),
      media_type: kind,
      ...given({ mimetype, filename }),
    };
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(deadline - monotonic())));
    const from = (media: Media) =>
      download({ media, to, maxBytes, signal, dispatcher: on.media() }).catch((cause: unknown) => {
        throw unreached(cause, signal);
      });
    const fetched = async (): Promise<readonly [bytes: number, by: 'host' | 'phone']> => {
      try {
        return [await from(media), 'host'];
      } catch (cause) {
        if (!(cause instanceof NotThere) || !media.mediaKey)
          throw cause instanceof NotThere ? gone(cause) : cause;
      }
      const directPath = await again(on, message.key, media.mediaKey, monotonic() + phoneMs);
      try {
        return [await from({ ...media, directPath }), 'phone'];
      } catch (cause) {
        throw cause instanceof NotThere ? gone(cause) : cause;
      }
    };
    try {
      const [bytes, by] = await fetched();
      on.tell([fromMedia('media.ready', { ...told, size: bytes, by }, Date.now())]);
      return { ...about, bytes };
    } catch (cause) {
      on.tell([fromMedia('media.failed', { ...told, reason: reasonOf(cause) }, Date.now())]);
      throw cause;
    }
  },
});

/** The chat, in the words of events. */
function chatOf({ remoteJid, remoteJidAlt }: WAMessageKey): Fields {
  const { shown, lid } = party(remoteJid, remoteJidAlt);
  return { chat_id: shown, ...given({ chat_lid: lid }) };
}

const REASONS: Readonly<Record<string, string>> = {
  MEDIA_GONE: 'gone',
  MEDIA_CORRUPT: 'corrupt',
  PAYLOAD_TOO_LARGE: 'too_large',
  GATEWAY_TIMEOUT: 'late',
};

/** Why it is not there, in the word of `media.failed`. */
const reasonOf = (cause: unknown) => (cause instanceof Failure && REASONS[cause.code]) || 'failed';

/** Nobody guesses it who has not read the message, and the same file is the same file wherever it was forwarded to. */
function nameOf({ sha256, mediaKey }: Media): string {
  return createHash('sha256')
    .update(mediaKey ?? '')
    .update(sha256!)
    .digest('hex');
}

async function again(on: DeviceParts, key: WAMessageKey, mediaKey: Uint8Array, deadline: number) {
  on.log.info('a file is not on the media host any more; the phone is asked for it');
  const connection = await on.open(deadline);
  return askPhoneForMedia(connection, key, mediaKey, deadline - monotonic());
}

function gone(cause: unknown): Failure {
  return new Failure('MEDIA_GONE', undefined, { cause });
}

function unreached(cause: unknown, signal: AbortSignal): unknown {
  if (cause instanceof Failure || cause instanceof NotThere) return cause;
  if (signal.aborted)
    return new Failure('GATEWAY_TIMEOUT', 'The file could not be downloaded in time; try again.', { cause });
  return new Failure('WA_UNEXPECTED', 'WhatsApp’s media host could not be reached, or broke off.', { cause });
}
