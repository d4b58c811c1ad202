import { Failure } from '../../errors.ts';
import { changeAppState } from '../asking/app-state.ts';
import { ask } from '../asking/command.ts';
import type { Label } from '../household/labels.ts';

/** Labels of an account, and colours to choose from: what WhatsApp's apps have. */
const MOST = 20;

interface Saving {
  /** Absent: a new one. */
  readonly id?: string;
  readonly name?: string;
  readonly color?: number;
  readonly deleted?: boolean;
}

/** Makes, changes or deletes a label; what is left out stays. */
export const labelSave = ask({
  name: 'label-save',
  once: true,
  async run({ id, name, color, deleted = false }: Saving, connection, on): Promise<Label> {
    const labels = await on.household.labels.list();
    const known = labels.find(label => label.id === id);
    if (id !== undefined && !known) throw new Failure('WA_NOT_FOUND', 'There is no such label.');
    if (id === undefined && labels.length >= MOST)
      throw new Failure('WA_CONFLICT', `There are ${MOST} labels already, and WhatsApp takes no more.`);
    const saved = {
      id: id ?? (await on.household.labels.free()),
      name: name ?? known?.name ?? '',
      color: color ?? known?.color ?? labels.length % MOST,
    };
    const { predefinedId } = known ?? {};
    await changeAppState(connection, {
      addLabel: {
        ...saved,
        deleted,
        ...(predefinedId !== undefined && { predefinedId: Number(predefinedId) }),
      },
    });
    return { ...saved, ...(predefinedId !== undefined && { predefinedId }) };
  },
});
