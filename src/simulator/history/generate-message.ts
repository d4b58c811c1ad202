// One generated message of a chat: which kind it is, and everything a client expects in that kind.
import { proto } from '@whiskeysockets/baileys';
import { sha256 } from '../wire/crypto.ts';
import { type Dice, dice } from './dice.ts';
import { EMOJIS, sentence } from './words.ts';

/** Who may have written it. */
export interface Author {
  readonly own: boolean;
  readonly pushName?: string | undefined;
  /** In a group, as it is named there. */
  readonly participant?: string | undefined;
}

export type PastMediaKind = 'image' | 'video' | 'audio' | 'document' | 'sticker';

/** What a message says of its media. */
export interface PastMediaFacts {
  readonly url: string;
  readonly directPath: string;
  readonly mediaKey: Uint8Array;
  readonly fileSha256: Uint8Array;
  readonly fileEncSha256: Uint8Array;
  readonly fileLength: number;
  readonly mimetype: string;
}

export type MediaOf = (kind: PastMediaKind) => PastMediaFacts;

interface About {
  readonly chat: string;
  readonly seed: string;
  /** Unix seconds. */
  readonly timestamp: number;
}

const { Status } = proto.WebMessageInfo;

export function generatedMessage(
  about: About,
  authors: readonly Author[],
  media: MediaOf,
): proto.IWebMessageInfo {
  const chance = dice(about.seed);
  const author = chance.pick(authors);
  const key: proto.IMessageKey = {
    remoteJid: about.chat,
    fromMe: author.own,
    id: idOf(about.seed),
    ...(author.participant !== undefined && { participant: author.participant }),
  };
  const message = content(chance, media);
  const others = authors.filter(one => one !== author);
  return {
    key,
    message,
    messageTimestamp: about.timestamp,
    ...(author.own ? { status: chance.chance(80) ? Status.READ : Status.DELIVERY_ACK } : {}),
    ...(author.pushName !== undefined && { pushName: author.pushName }),
    ...(author.participant !== undefined && { participant: author.participant }),
    ...(chance.chance(5) &&
      others.length > 0 && { reactions: [reaction(chance, about, chance.pick(others))] }),
    ...(chance.chance(1) && { starred: true }),
  };
}

/** The shape of an iPhone's ids, as simulated phones write them. Not by dice: their 32 bits repeat among 100,000. */
function idOf(seed: string): string {
  return `3A${sha256(Buffer.from(`${seed}/id`))
    .toString('hex', 0, 9)
    .toUpperCase()}`;
}

function reaction(chance: Dice, about: About, by: Author): proto.IReaction {
  return {
    key: {
      remoteJid: about.chat,
      fromMe: by.own,
      id: idOf(`${about.seed}/reaction`),
      ...(by.participant !== undefined && { participant: by.participant }),
    },
    text: chance.pick(EMOJIS),
    senderTimestampMs: about.timestamp * 1000 + 5_000,
  };
}

function content(chance: Dice, media: MediaOf): proto.IMessage {
  const draw = chance.below(100);
  if (draw < 62) return { conversation: sentence(chance) };
  if (draw < 72) return { extendedTextMessage: { text: `${sentence(chance)} https://example.com/${draw}` } };
  if (draw < 81) {
    const caption = chance.chance(40) ? sentence(chance) : undefined;
    return { imageMessage: { ...media('image'), width: 1, height: 1, ...(caption && { caption }) } };
  }
  if (draw < 85) return { audioMessage: { ...media('audio'), seconds: 1 + chance.below(90), ptt: true } };
  if (draw < 88) return { videoMessage: { ...media('video'), seconds: 1 + chance.below(60) } };
  if (draw < 91) {
    const fileName = `Documento ${1 + chance.below(99)}.pdf`;
    return { documentMessage: { ...media('document'), fileName, title: fileName, pageCount: 1 } };
  }
  if (draw < 94)
    return { stickerMessage: { ...media('sticker'), width: 512, height: 512, isAnimated: false } };
  if (draw < 96) {
    const degreesLatitude = -33 + chance.below(3_000) / 100;
    const degreesLongitude = -60 + chance.below(2_000) / 100;
    return { locationMessage: { degreesLatitude, degreesLongitude, name: sentence(chance) } };
  }
  if (draw < 98) {
    const displayName = sentence(chance);
    const vcard = `BEGIN:VCARD\nVERSION:3.0\nFN:${displayName}\nTEL;waid=15550000:+1 555 0000\nEND:VCARD`;
    return { contactMessage: { displayName, vcard } };
  }
  const options = Array.from({ length: 3 }, () => ({ optionName: sentence(chance) }));
  return {
    pollCreationMessageV3: { name: sentence(chance), options, selectableOptionsCount: 1 },
    messageContextInfo: { messageSecret: chance.bytes(32) },
  };
}
