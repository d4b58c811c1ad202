import { command } from '../asking/command.ts';
import type { Label } from '../household/labels.ts';

/** The labels of the account; `refresh` asks WhatsApp for all of it first. */
export const labelList = command({
  name: 'label-list',
  async run(
    { refresh = false }: { readonly refresh?: boolean },
    on,
    { deadline },
  ): Promise<readonly (Label & { readonly chats: number })[]> {
    if (refresh) await on.household.labels.refresh(await on.open(deadline));
    return on.household.labels.list();
  },
});
