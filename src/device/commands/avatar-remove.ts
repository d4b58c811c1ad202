import { ask } from '../command.ts';

/** The account shows no picture any more. */
export const avatarRemove = ask({
  name: 'avatar-remove',
  async run(_: Record<string, never>, { socket }): Promise<Record<string, never>> {
    await socket.removeProfilePicture(socket.authState.creds.me?.id ?? '');
    return {};
  },
});
