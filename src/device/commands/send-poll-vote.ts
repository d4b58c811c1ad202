import { createHash } from 'node:crypto';
import { normalizeMessageContent, proto } from '@whiskeysockets/baileys';
import { wrongField } from '../asking/wrong-field.ts';
import { knownMessage } from '../sending/message-key.ts';
import { sealedFor, secretOf } from '../sending/message-secret.ts';
import { send } from '../sending/sending.ts';

interface Vote {
  readonly to: string;
  readonly message: string;
  /** The options as the poll has them; none takes the vote back. */
  readonly options: readonly string[];
}

/** A vote in a poll, encrypted under the poll's own secret (Utils/process-message.js, decryptPollVote). */
export const sendPollVote = send({
  name: 'send-poll-vote',
  compose: async ({ to, message, options }: Vote, where) => {
    const named = await knownMessage(where, to, message);
    const inner = normalizeMessageContent(named.message);
    const poll = inner?.pollCreationMessage ?? inner?.pollCreationMessageV2 ?? inner?.pollCreationMessageV3;
    if (!poll) throw wrongField('message_id', 'the message is not a poll');
    const known = new Set(poll.options?.map(({ optionName }) => optionName));
    const wrong = options.findIndex(option => !known.has(option));
    if (wrong >= 0) throw wrongField(`options.${wrong}`, 'the poll has no such option');
    const most = poll.selectableOptionsCount || known.size;
    if (options.length > most) throw wrongField('options', `the poll takes at most ${most}`);
    const vote = proto.Message.PollVoteMessage.encode({
      selectedOptions: options.map(option => createHash('sha256').update(option).digest()),
    }).finish();
    return {
      raw: {
        pollUpdateMessage: {
          pollCreationMessageKey: named.key,
          vote: sealedFor('Poll Vote', vote, named.key, secretOf(named.message), where.connection),
          senderTimestampMs: Date.now(),
        },
      },
      nodes: [{ tag: 'meta', attrs: { polltype: 'vote' } }],
    };
  },
});
