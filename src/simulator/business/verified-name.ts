// The certificate of a business's name: in usync answers, and beside each of its messages (Baileys
// decode-wa-message.ts, whatsmeow user.go parseVerifiedName).
import { proto } from '@whiskeysockets/baileys';
import type { Account } from '../accounts/accounts.ts';
import { sign } from '../wire/crypto.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/** `<verified_name>` with the signed certificate; undefined for who is no business. */
export function verifiedNameNode(world: World, account: Account): BinaryNode | undefined {
  const business = world.businesses.of(account);
  if (!business) return undefined;
  const { verifiedName, verifiedAt } = business;
  // Kept until the name changes: signing costs 12 ms.
  const { certificates } = world.businesses;
  let certificate = certificates.get(account);
  if (certificate?.name !== verifiedName) {
    const details = proto.VerifiedNameCertificate.Details.encode({
      serial: account.rawId,
      issuer: 'smb:wa',
      verifiedName,
      issueTime: verifiedAt,
    }).finish();
    const signature = sign(account.identity.private, details);
    const bytes = proto.VerifiedNameCertificate.encode({ details, signature }).finish();
    certificate = { name: verifiedName, bytes: Buffer.from(bytes) };
    certificates.set(account, certificate);
  }
  const attrs = {
    v: '1',
    serial: String(account.rawId),
    verified_level: 'unknown',
    host_storage: '2',
    actual_actors: '1',
    privacy_mode_ts: String(verifiedAt),
  };
  return node('verified_name', attrs, certificate.bytes);
}

/** What rides along with a message of that sender to others. */
export function businessExtras(world: World, sender: Account): BinaryNode[] {
  const name = verifiedNameNode(world, sender);
  return name ? [name] : [];
}
