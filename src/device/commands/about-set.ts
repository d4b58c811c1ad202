import { ask } from '../asking/command.ts';

/** The line below the account's name. */
export const aboutSet = ask({
  name: 'about-set',
  async run({ about }: { readonly about: string }, { socket }): Promise<Record<string, never>> {
    await socket.updateProfileStatus(about);
    return {};
  },
});
