import { ask } from '../asking/command.ts';

/** The line below the account's name. */
export const aboutSet = ask({
  name: 'about-set',
  async run({ about }: { readonly about: string }, { socket }): Promise<void> {
    await socket.updateProfileStatus(about);
  },
});
