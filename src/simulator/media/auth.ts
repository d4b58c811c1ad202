// The token of `<media_conn auth>`: says which device may upload until when. Nothing is stored for it, and it outlives a
// restart with kept keys.
import { timingSafeEqual } from 'node:crypto';
import { type Device, deviceJid } from '../accounts/accounts.ts';
import { hmacSha256, sha256 } from '../wire/crypto.ts';
import type { World } from '../world.ts';

/** As the real server says it (protocol.md 12). */
export const AUTH_TTL_SECONDS = 21_600;

/** A token for uploads of this device, good for {@link AUTH_TTL_SECONDS}. */
export function issueAuth(world: World, device: Device): string {
  const until = world.clock.unixSeconds() + AUTH_TTL_SECONDS;
  const said = Buffer.from(`${until} ${deviceJid(device)}`).toString('base64url');
  return `${said}.${signature(world, said)}`;
}

/** Whose token it is; undefined when it is forged, over, or of a device that was unlinked. */
export function readAuth(world: World, auth: string): Device | undefined {
  const [said = '', given = ''] = auth.split('.');
  const expected = Buffer.from(signature(world, said));
  const offered = Buffer.from(given);
  if (offered.length !== expected.length || !timingSafeEqual(offered, expected)) return undefined;
  const [until, jid] = Buffer.from(said, 'base64url').toString().split(' ');
  if (Number(until) * 1000 < world.clock.now()) return undefined;
  return world.accounts.device(jid);
}

function signature(world: World, said: string): string {
  const key = sha256(world.trust.static.private, Buffer.from('media auth'));
  return hmacSha256(key, Buffer.from(said)).toString('base64url');
}
