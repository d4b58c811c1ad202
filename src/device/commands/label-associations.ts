import type { LabelAssociation } from '../../store/labels.ts';
import { command } from '../asking/command.ts';

/** What bears a label, or which labels a chat and its messages bear. */
export const labelAssociations = command({
  name: 'label-associations',
  run: (
    of: { readonly label: string } | { readonly chat: string },
    on,
  ): Promise<readonly LabelAssociation[]> => on.household.labels.associations(of),
});
