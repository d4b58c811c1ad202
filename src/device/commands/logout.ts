import { Failure } from '../../errors.ts';
import { command, type DeviceParts } from '../asking/command.ts';

/** Unlinks the device at WhatsApp where that answers, and forgets the account in any case. */
export const logout = command({
  name: 'logout',
  async run(_: Record<string, never>, on): Promise<{ readonly unlinked: boolean }> {
    const { linked, phase } = on.state();
    if (!linked && phase === 'unlinked') throw new Failure('DEVICE_NOT_LINKED');
    const unlinked = linked && phase === 'open' && (await unlinkAtWhatsapp(on));
    if (on.state().phase !== 'unlinked') on.apply({ on: 'unlinked', reason: 'logged out' });
    await on.identity.settled();
    return { unlinked };
  },
});

async function unlinkAtWhatsapp(on: DeviceParts): Promise<boolean> {
  try {
    return (await on.connection()?.unlink()) ?? false;
  } catch (err) {
    // WhatsApp may close with "device removed" instead of answering.
    if (!on.state().linked) return true;
    on.log.warn({ err }, 'WhatsApp did not confirm the logout');
    return false;
  }
}
