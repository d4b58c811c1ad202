/**
 * Asks our phone to put a file onto WhatsApp's host again, whose time there is over. Baileys' own way
 * (Socket/messages-send.js, updateMediaMessage) waits for an answer without an end.
 */
import {
  type BaileysEventMap,
  decryptMediaRetryData,
  encryptMediaRetryRequest,
  proto,
  type WAMessageKey,
} from '@whiskeysockets/baileys';
import { Failure } from '../../errors.ts';
import { deferred } from '../../lib/deferred.ts';
import type { Connection } from '../line/connection.ts';

const { ResultType } = proto.MediaRetryNotification;

const GONE: Readonly<Partial<Record<proto.MediaRetryNotification.ResultType, string>>> = {
  [ResultType.NOT_FOUND]: 'the phone does not have it any more either',
  [ResultType.DECRYPTION_ERROR]: 'the phone could not read what was asked for',
  [ResultType.GENERAL_ERROR]: 'the phone could not give it again',
};

/** Where the phone has put it. Fails with MEDIA_GONE, or with GATEWAY_TIMEOUT when the phone does not answer within `ms`. */
export async function askPhoneForMedia(
  { socket }: Connection,
  key: WAMessageKey,
  mediaKey: Uint8Array,
  ms: number,
): Promise<string> {
  const answered = deferred<string>();
  const hear = (updates: BaileysEventMap['messages.media-update']) => {
    const update = updates.find(one => one.key.id === key.id);
    if (!update) return;
    if (update.error || !update.media)
      return answered.reject(gone('the phone could not give it again', update.error));
    read(update.media, mediaKey, key.id ?? '').then(answered.resolve, answered.reject);
  };
  const late = setTimeout(
    () =>
      answered.reject(
        new Failure(
          'GATEWAY_TIMEOUT',
          'The file is not on WhatsApp’s servers any more, and the phone, which may still have it, does not answer. Ask again when it is online.',
        ),
      ),
    ms,
  );
  socket.ev.on('messages.media-update', hear);
  try {
    await socket.sendNode(encryptMediaRetryRequest(key, mediaKey, socket.authState.creds.me?.id ?? ''));
    return await answered.promise;
  } finally {
    clearTimeout(late);
    socket.ev.off('messages.media-update', hear);
  }
}

async function read(
  sealed: { readonly ciphertext: Uint8Array; readonly iv: Uint8Array },
  mediaKey: Uint8Array,
  id: string,
): Promise<string> {
  const { result, directPath } = await decryptMediaRetryData(sealed, mediaKey, id);
  if (result === ResultType.SUCCESS && directPath) return directPath;
  throw gone(GONE[result ?? ResultType.GENERAL_ERROR] ?? 'the phone could not give it again');
}

function gone(why: string, cause?: unknown): Failure {
  return new Failure('MEDIA_GONE', `The file is not on WhatsApp’s servers any more, and ${why}.`, { cause });
}
