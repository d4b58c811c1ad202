import { ask } from '../asking/command.ts';
import { bare } from '../jid.ts';

export interface Privacy {
  /** WhatsApp's own names: last, online, profile, status, readreceipts, groupadd, calladd, messages. */
  readonly values: Readonly<Record<string, string>>;
  /** The timer of new chats in seconds; 0 is off. */
  readonly timer: number;
}

/** Who may see and do what, as WhatsApp has it now. */
export const privacyGet = ask({
  name: 'privacy-get',
  async run(_: Record<string, never>, { socket }): Promise<Privacy> {
    const [values, timers] = await Promise.all([
      socket.fetchPrivacySettings(true),
      socket.fetchDisappearingDuration(bare(socket.authState.creds.me?.id)),
    ]);
    const { duration = 0 } = (timers?.[0]?.disappearing_mode ?? {}) as { duration?: number };
    return { values: { ...values }, timer: duration };
  },
});
