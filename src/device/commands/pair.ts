import { Failure } from '../../errors.ts';
import type { Pairing } from '../../shard/protocol.ts';
import { command } from '../asking/command.ts';

/** Offers a QR, or a code for the phone that is given; joins the pairing under way. */
export const pair = command({
  name: 'pair',
  async run({ phone = '' }: { readonly phone?: string }, on, { deadline }): Promise<Pairing> {
    if (on.state().linked) throw new Failure('ALREADY_LOGGED_IN');
    const under = ['waiting', 'connecting', 'pairing'].includes(on.state().phase);
    if (!under || on.state().wanted !== phone) on.apply({ on: 'pair', phone });
    const { pairing, linked, reason } = await on.waiters.until(
      ({ pairing, linked, phase }) => pairing !== undefined || linked || phase === 'unlinked',
      deadline,
      () => new Failure('PAIRING_FAILED', 'WhatsApp did not offer a pairing in time.'),
    );
    if (pairing) return pairing;
    if (linked) throw new Failure('ALREADY_LOGGED_IN');
    throw new Failure('PAIRING_FAILED', `The pairing did not start: ${reason ?? 'the connection closed'}.`);
  },
});
