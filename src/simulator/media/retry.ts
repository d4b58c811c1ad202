// A client could not download and asks its account's phone to upload again (protocol.md 12): `<receipt
// type="server-error">` comes, `<notification type="mediaretry">` goes back.
import { randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { accountJid, type Device, ownPhone } from '../accounts/accounts.ts';
import { notification } from '../delivery/notify.ts';
import type { Phone } from '../phone/phone.ts';
import { hkdf, open, seal } from '../wire/crypto.ts';
import { type BinaryNode, bytes, child, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import type { retryResults } from './faults.ts';
import type { MediaFacts } from './message.ts';
import { mediaIn } from './phone-media.ts';

const { ResultType } = proto.MediaRetryNotification;
/** The code of `<error>` that whatsmeow (DecryptMediaRetryNotification) takes for "not on the phone". */
const NOT_FOUND_CODE = '2';

const results: Readonly<Record<(typeof retryResults)[number], proto.MediaRetryNotification.ResultType>> = {
  'general-error': ResultType.GENERAL_ERROR,
  'not-found': ResultType.NOT_FOUND,
  'decryption-error': ResultType.DECRYPTION_ERROR,
};

/** Takes the receipt to the phone of the account, which answers that one device. Never throws. */
export function handleMediaRetry(world: World, device: Device, receipt: BinaryNode): void {
  const phone = ownPhone(device.account);
  const { id } = receipt.attrs;
  const about = child(receipt, 'rmr');
  // Without `rmr` it is about a history blob (whatsapp-rust wacore media_retry.rs).
  if (!phone || !id || !about || world.faults.armed?.fire('media.retry-silent', device)) return;
  // What is still being decrypted may be the message that this is about.
  const answered = phone.idle().then(() => {
    const answer = retried(world, phone, device, receipt);
    device.mailbox.push(answerTo(world, device, id, about, answer));
    world.changed();
  });
  answered.catch(error => world.ledger.phoneError(error));
}

/** The child of the notification: the encrypted result, or an error where there is no key to encrypt it with. */
function retried(world: World, phone: Phone, device: Device, receipt: BinaryNode): BinaryNode {
  const id = receipt.attrs.id ?? '';
  const media = mediaIn(phone, id);
  if (media?.mediaKey.length !== 32) return node('error', { code: NOT_FOUND_CODE });
  const fault = world.faults.armed?.fire('media.retry', device);
  if (fault?.plain) return node('error', { code: String(results[fault.result]) });
  const encrypted = (result: proto.MediaRetryNotification.ResultType, directPath?: string) =>
    sealResult(media.mediaKey, id, result, directPath);
  if (fault) return encrypted(results[fault.result]);
  if (!understood(receipt, media, id)) return encrypted(ResultType.DECRYPTION_ERROR);
  // The store still has the bytes of what is expired: they are what the phone has on it.
  const blob = world.media.find(media.directPath);
  if (!blob) return encrypted(ResultType.NOT_FOUND);
  return encrypted(ResultType.SUCCESS, world.media.again(blob).directPath);
}

/** Whether the request was made by somebody who has the media key. One without `encrypt` is taken as it is. */
function understood(receipt: BinaryNode, media: MediaFacts, id: string): boolean {
  const encrypt = child(receipt, 'encrypt');
  if (!encrypt) return true;
  const ciphertext = bytes(child(encrypt, 'enc_p'));
  const iv = bytes(child(encrypt, 'enc_iv'));
  if (!ciphertext || iv?.length !== 12) return false;
  try {
    const plain = open(retryKey(media.mediaKey), iv, ciphertext, Buffer.from(id));
    return proto.ServerErrorReceipt.decode(plain).stanzaId === id;
  } catch {
    return false; // not sealed with this key, or not what it should be
  }
}

function sealResult(
  mediaKey: Uint8Array,
  stanzaId: string,
  result: proto.MediaRetryNotification.ResultType,
  directPath: string | undefined,
): BinaryNode {
  const iv = randomBytes(12);
  const about = { stanzaId, result, ...(directPath !== undefined && { directPath }) };
  const plain = proto.MediaRetryNotification.encode(about).finish();
  const ciphertext = seal(retryKey(mediaKey), iv, plain, Buffer.from(stanzaId));
  return node('encrypt', {}, [node('enc_p', {}, ciphertext), node('enc_iv', {}, iv)]);
}

/** Both clients derive it so (Baileys getMediaRetryKey, whatsmeow mediaretry.go). */
function retryKey(mediaKey: Uint8Array): Buffer {
  return hkdf(mediaKey, 32, Buffer.alloc(0), 'WhatsApp Media Retry Notification');
}

/** `from` is one's own account, as the receipt went to it [inferred]; `t` is required by whatsmeow. */
function answerTo(
  world: World,
  device: Device,
  id: string,
  about: BinaryNode,
  answer: BinaryNode,
): BinaryNode {
  const { jid, from_me, participant } = about.attrs;
  const attrs = { from: accountJid(device.account), type: 'mediaretry', id };
  return notification(world, attrs, [node('rmr', { jid, from_me, participant }), answer]);
}
