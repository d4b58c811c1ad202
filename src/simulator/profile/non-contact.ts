// Tokens for people one has never heard of: a companion makes them from a salt that its phone gave it, and they count
// where a trusted-contact token is missing (whatsmeow cstoken.go, whatsapp-rust src/send/tctoken_lifecycle.rs; "NCT" there).
// What the real server does with one is in no reference: that it tells it from a forged one is guessed.
import { createHmac } from 'node:crypto';
import { type Account, accountJid } from '../accounts/accounts.ts';
import type { World } from '../world.ts';
import { scenarioFlag } from './scenario.ts';

/** Of the account, for as long as there is one. 32 bytes. */
export function nonContactSalt(world: World, { rawId }: Account): Buffer {
  return createHmac('sha256', world.trust.root.private).update(`non-contact salt/${rawId}`).digest();
}

/** HMAC-SHA256 of the salt over the recipient's LID without a device. */
export function nonContactToken(world: World, sender: Account, to: Account): Buffer {
  return createHmac('sha256', nonContactSalt(world, sender)).update(accountJid(to, 'lid')).digest();
}

/** How the phone hands the salt to its companions: both ways, unless the push name says otherwise. */
export function saltDelivery(account: Account): { readonly history: boolean; readonly appState: boolean } {
  return {
    history: scenarioFlag(account, 'nct_history_delivery') ?? true,
    appState: scenarioFlag(account, 'nct_syncd_delivery') ?? true,
  };
}

/** Server properties (whatsapp-rust wacore/src/iq/abprops.rs): may send such tokens, takes the salt from history, from app state. */
export function nonContactProps(account: Account): Record<string, string> {
  const prop = (flag: string) => ((scenarioFlag(account, flag) ?? true) ? '1' : '0');
  return { 24941: prop('nct_send_ab'), 25189: prop('nct_history_ab'), 25253: prop('nct_syncd_ab') };
}
