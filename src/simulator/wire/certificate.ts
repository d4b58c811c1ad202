// The server's identity: a root of its own, an intermediate and a leaf for the noise static key, all really signed.
import { proto } from '@whiskeysockets/baileys';
import { generateKeyPair, type KeyPair, keyPairOf, sign } from './crypto.ts';

/** What the server proves itself with. */
export interface Trust {
  readonly root: KeyPair;
  /** The noise static key of the handshake. */
  readonly static: KeyPair;
  /** Encoded `CertChain`, the payload of the server hello. */
  readonly chain: Uint8Array;
}

const DAY = 86_400;
// Serials that strict clients compare: the intermediate's issuer is the root, 0 (WA_CERT_DETAILS.SERIAL of Baileys),
// and the leaf's issuer is the intermediate (whatsmeow handshake.go).
const ROOT_SERIAL = 0;
const INTERMEDIATE_SERIAL = 1;
const LEAF_SERIAL = 2;

/** Makes the chain; keys that are not given are made. `rootPrivateKey` is 32 bytes. */
export function makeTrust(rootPrivateKey?: Uint8Array, staticKey: KeyPair = generateKeyPair()): Trust {
  const root = rootPrivateKey ? keyPairOf(rootPrivateKey) : generateKeyPair();
  const intermediate = generateKeyPair();
  const chain = proto.CertChain.encode({
    intermediate: certify(root, INTERMEDIATE_SERIAL, ROOT_SERIAL, intermediate.public),
    leaf: certify(intermediate, LEAF_SERIAL, INTERMEDIATE_SERIAL, staticKey.public),
  }).finish();
  return { root, static: staticKey, chain };
}

function certify(issuer: KeyPair, serial: number, issuerSerial: number, key: Uint8Array) {
  const now = Math.floor(Date.now() / 1000);
  const details = proto.CertChain.NoiseCertificate.Details.encode({
    serial,
    issuerSerial,
    key,
    notBefore: now - DAY,
    notAfter: now + 3650 * DAY,
  }).finish();
  return { details, signature: sign(issuer.private, details) };
}
