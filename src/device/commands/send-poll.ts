import { isJidGroup } from '@whiskeysockets/baileys';
import { send } from '../sending/sending.ts';

interface Poll {
  readonly to: string;
  readonly question: string;
  readonly options: readonly string[];
  /** How many may be chosen. */
  readonly selectable: number;
}

/** A poll. The secret under which its votes are encrypted is made with it and kept with the message. */
export const sendPoll = send({
  name: 'send-poll',
  compose: async ({ to, question, options, selectable }: Poll, { connection }) => ({
    poll: {
      name: question,
      values: [...options],
      selectableCount: selectable,
      // A community's announcements take another version (Utils/messages.js, generateWAMessageContent).
      toAnnouncementGroup:
        isJidGroup(to) === true && (await connection.groups.of(to)).isCommunityAnnounce === true,
    },
  }),
});
