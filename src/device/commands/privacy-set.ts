import { Failure } from '../../errors.ts';
import { changeAppState } from '../asking/app-state.ts';
import { ask } from '../asking/command.ts';
import { whatsappFailure } from '../asking/whatsapp-failure.ts';
import type { Connection } from '../line/connection.ts';

type Socket = Connection['socket'];

/** How each setting is written (Types/Chat.d.ts has its values). */
const writers = {
  last: (socket: Socket, value: string) => socket.updateLastSeenPrivacy(value as never),
  online: (socket: Socket, value: string) => socket.updateOnlinePrivacy(value as never),
  profile: (socket: Socket, value: string) => socket.updateProfilePicturePrivacy(value as never),
  status: (socket: Socket, value: string) => socket.updateStatusPrivacy(value as never),
  readreceipts: (socket: Socket, value: string) => socket.updateReadReceiptsPrivacy(value as never),
  groupadd: (socket: Socket, value: string) => socket.updateGroupsAddPrivacy(value as never),
  calladd: (socket: Socket, value: string) => socket.updateCallPrivacy(value as never),
  messages: (socket: Socket, value: string) => socket.updateMessagesPrivacy(value as never),
} as const;

export interface PrivacyChange {
  readonly values: Partial<Readonly<Record<keyof typeof writers, string>>>;
  /** The timer of new chats in seconds; 0 is off. */
  readonly timer?: number;
  readonly disableLinkPreviews?: boolean;
}

/** Writes these settings, one request each. One that is refused ends it; the failure names those that were written. */
export const privacySet = ask({
  name: 'privacy-set',
  async run(change: PrivacyChange, connection): Promise<void> {
    const { socket } = connection;
    const changed: string[] = [];
    const steps: [string, () => Promise<void>][] = Object.entries(change.values).map(([name, value]) => [
      name,
      () => writers[name as keyof typeof writers](socket, value),
    ]);
    const { timer, disableLinkPreviews: isPreviewsDisabled } = change;
    if (timer !== undefined) steps.push(['timer', () => socket.updateDefaultDisappearingMode(timer)]);
    if (isPreviewsDisabled !== undefined)
      steps.push([
        'link_previews',
        () => changeAppState(connection, { disableLinkPreviews: { isPreviewsDisabled } }),
      ]);
    for (const [name, write] of steps) {
      await write().catch((cause: unknown) => {
        const { code, message, results } = whatsappFailure(cause, connection);
        throw new Failure(code, message, { cause, results: { ...results, failed: name, changed } });
      });
      changed.push(name);
    }
    // Baileys keeps what it has read, and chooses the kind of its read receipts by it (Socket/chats.js).
    await socket.fetchPrivacySettings(true);
  },
});
