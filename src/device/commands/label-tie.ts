import { Failure } from '../../errors.ts';
import { changeAppState } from '../asking/app-state.ts';
import { ask } from '../asking/command.ts';

interface Tie {
  readonly label: string;
  readonly chat: string;
  /** Absent: the chat itself. */
  readonly message?: string;
  readonly labeled: boolean;
}

/** Puts a label on a chat or a message, or takes it off. */
export const labelTie = ask({
  name: 'label-tie',
  async run({ label: labelId, chat, message, labeled }: Tie, connection, on): Promise<void> {
    const labels = await on.household.labels.list();
    if (labeled && !labels.some(({ id }) => id === labelId))
      throw new Failure('WA_NOT_FOUND', 'There is no such label.');
    if (message === undefined)
      await changeAppState(
        connection,
        labeled ? { addChatLabel: { labelId } } : { removeChatLabel: { labelId } },
        chat,
      );
    else {
      const tie = { labelId, messageId: message };
      await changeAppState(
        connection,
        labeled ? { addMessageLabel: tie } : { removeMessageLabel: tie },
        chat,
      );
    }
  },
});
