// Polls and votes: a vote is encrypted with the poll's own secret, so that the server cannot read it (Baileys
// Utils/process-message.ts decryptPollVote, whatsmeow msgsecret.go EncryptPollVote).
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { accountJid } from '../accounts/accounts.ts';
import { Refused } from '../refused.ts';
import { authorIn, keyOf, type Place } from './mentioned.ts';

interface Poll {
  readonly name: string;
  readonly options: readonly string[];
  /** How many may be chosen; 0 for any number. */
  readonly selectable: number;
}

export function pollMessage({ name, options, selectable }: Poll): proto.IMessage {
  const poll = {
    name,
    options: options.map(optionName => ({ optionName })),
    selectableOptionsCount: selectable,
  };
  // One choice is the third version, more the first (Baileys generateWAMessageContent).
  return {
    messageContextInfo: { messageSecret: randomBytes(32) },
    ...(selectable === 1 ? { pollCreationMessageV3: poll } : { pollCreationMessage: poll }),
  };
}

/** A vote of this phone; no options take it back. Throws {@link Refused} for what is no poll or no option of it. */
export function voteMessage(place: Place, pollId: string, chosen: readonly string[]): proto.IMessage {
  const seen = place.phone.chats.named(pollId);
  const whole = place.phone.chats.protoOf(seen);
  const poll = whole?.pollCreationMessage ?? whole?.pollCreationMessageV2 ?? whole?.pollCreationMessageV3;
  const secret = whole?.messageContextInfo?.messageSecret;
  if (!poll || !secret)
    throw new Refused(409, `${pollId} is not a poll that phone ${place.phone.account.phone} can vote in`);
  const options = new Set(poll.options?.map(option => option.optionName));
  const wrong = chosen.filter(option => !options.has(option));
  if (wrong.length > 0) throw new Refused(400, `the poll has no option ${wrong.join(', ')}`);
  const selectedOptions = chosen.map(option => createHash('sha256').update(option).digest());
  return {
    pollUpdateMessage: {
      pollCreationMessageKey: keyOf(place, pollId),
      vote: sealed(place, seen.id, authorIn(place, seen), secret, { selectedOptions }),
      senderTimestampMs: place.world.clock.now(),
    },
  };
}

function sealed(
  place: Place,
  pollId: string,
  creator: string,
  secret: Uint8Array,
  vote: proto.Message.IPollVoteMessage,
): proto.Message.IPollEncValue {
  const voter = accountJid(place.phone.account, place.form);
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(secret).digest();
  const use = Buffer.concat([Buffer.from(pollId + creator + voter + USE), Buffer.of(1)]);
  const key = createHmac('sha256', extracted).update(use).digest();
  const encIv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, encIv);
  cipher.setAAD(Buffer.from(`${pollId}\0${voter}`));
  const plain = proto.Message.PollVoteMessage.encode(vote).finish();
  return { encIv, encPayload: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}

const USE = 'Poll Vote';
