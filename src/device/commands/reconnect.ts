import { Failure } from '../../errors.ts';
import { command } from '../asking/command.ts';

/** Ends the connection, if there is one, and makes another at once. */
export const reconnect = command({
  name: 'reconnect',
  async run(_: Record<string, never>, on): Promise<void> {
    if (!on.state().linked) throw new Failure('DEVICE_NOT_LINKED');
    on.apply({ on: 'reconnect' });
  },
});
