// The hash by which a sender sees that its list of devices is not the server's (whatsmeow send.go participantListHashV2,
// whatsapp-rust wacore/src/messages.rs participant_list_hash).
import { createHash } from 'node:crypto';
import type { Device } from '../accounts/accounts.ts';
import type { Domain } from '../wire/jid.ts';

/** `2:` and 8 characters over the devices in the given form, in any order. */
export function participantsHash(devices: Iterable<Device>, form: Domain): string {
  const names: string[] = [];
  for (const { account, id } of devices)
    names.push(`${form === 'lid' ? account.lid : account.phone}.0:${id}@${form}`);
  return namesHash(names);
}

/** As {@link participantsHash}, of names as they are: `USER.0:DEVICE@DOMAIN`. */
export function namesHash(names: readonly string[]): string {
  const hash = createHash('sha256')
    .update([...names].sort().join(''))
    .digest();
  return `2:${hash.subarray(0, 6).toString('base64').replace(/=+$/, '')}`;
}
