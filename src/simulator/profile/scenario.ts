// What a push name asks of the server. Tests written against another server say it so: `restricted:name` and
// `scenario:flag,flag=0:name` (whatsapp-rust tests/e2e/src/lib.rs); a client has no other way to say it while it is linked.
import type { Account } from '../accounts/accounts.ts';

/**
 * A flag of the account's push name: `flag` and `flag=1` are true, `flag=0` is false; undefined where the name does not
 * say.
 */
export function scenarioFlag({ name }: Account, flag: string): boolean | undefined {
  if (flag === 'restricted' && name.startsWith('restricted:')) return true;
  if (!name.startsWith('scenario:')) return undefined;
  for (const one of (name.split(':')[1] ?? '').split(',')) {
    const [named, value] = one.split('=');
    if (named === flag) return value !== '0';
  }
  return undefined;
}
