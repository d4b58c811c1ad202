// A certificate authority of one simulator's own, and the certificate it proves itself with: clients hard-code https for
// media, so there must be one even in a test. P-256, as strict verifiers (Go's crypto/x509, rustls) and old ones accept.
import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import { bits, der, integer, octets, oid, sequence, set, time, utf8, yes } from './der.ts';

/** PEM texts. */
export interface Pair {
  readonly key: string;
  readonly cert: string;
}

/** The authority that clients trust, and the certificate that it made for the listener. Plain, so that it can be kept. */
export interface TlsIdentity {
  readonly authority: Pair;
  readonly leaf: Pair;
}

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
/** What Apple's verifier allows for a certificate of an authority that the user added. */
const LEAF_DAYS = 825;
/** A kept leaf is made anew when it has less than this left. */
const RENEW_DAYS = 30;

/** Hosts of WhatsApp that a resolver may send here (/etc/hosts): media, pictures, the socket. */
const WHATSAPP_HOSTS = ['web.whatsapp.com', '*.whatsapp.net', '*.cdn.whatsapp.net'];
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/**
 * An identity for `names` (host names or addresses) besides loopback and WhatsApp's own hosts. A `kept` one keeps its
 * authority, so that clients' trust outlives a restart, and its leaf where that still fits.
 */
export function tlsIdentity(names: readonly string[], kept?: TlsIdentity): TlsIdentity {
  const wanted = [...new Set([...LOOPBACK, ...names, ...WHATSAPP_HOSTS])];
  const authority = kept?.authority ?? makeAuthority();
  if (kept && fits(kept.leaf.cert, wanted)) return kept;
  return { authority, leaf: makeLeaf(authority, wanted) };
}

function fits(cert: string, names: readonly string[]): boolean {
  const leaf = new X509Certificate(cert);
  const lasts = Date.parse(leaf.validTo) - Date.now() > RENEW_DAYS * DAY_MS;
  return lasts && names.every(name => (isIP(name) ? leaf.checkIP(name) : leaf.checkHost(name)) !== undefined);
}

const ecKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pemKey = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function makeAuthority(): Pair {
  const { privateKey, publicKey } = ecKeys();
  // A name of its own, so that two simulators' authorities in one trust store are told apart.
  const name = `Simulator authority ${randomBytes(4).toString('hex')}`;
  const extensions = [
    extension('2.5.29.19', sequence(yes), true), // basicConstraints: an authority
    extension('2.5.29.15', bits(Buffer.of(0x06), 1), true), // keyUsage: signs certificates and revocation lists
    extension('2.5.29.14', octets(keyId(publicKey))), // subjectKeyIdentifier
  ];
  const cert = certificate({ name, issuer: name, publicKey, days: AUTHORITY_DAYS, extensions }, privateKey);
  return { key: pemKey(privateKey), cert };
}

function makeLeaf(authority: Pair, names: readonly string[]): Pair {
  const { privateKey, publicKey } = ecKeys();
  const issuer = new X509Certificate(authority.cert);
  const extensions = [
    extension('2.5.29.19', sequence(), true), // basicConstraints: no authority
    extension('2.5.29.15', bits(Buffer.of(0x80), 7), true), // keyUsage: digitalSignature
    extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))), // extendedKeyUsage: serverAuth
    extension('2.5.29.17', sequence(...names.map(generalName))), // subjectAltName
    extension('2.5.29.14', octets(keyId(publicKey))),
    extension('2.5.29.35', sequence(der(0x80, keyId(issuer.publicKey)))), // authorityKeyIdentifier
  ];
  const issuerName = issuer.subject.replace(/^CN=/, '');
  const about = { name: 'WhatsApp simulator', issuer: issuerName, publicKey, days: LEAF_DAYS, extensions };
  return { key: pemKey(privateKey), cert: certificate(about, authority.key) };
}

interface About {
  readonly name: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly days: number;
  readonly extensions: readonly Buffer[];
}

/** A version 3 certificate (RFC 5280), PEM. */
function certificate(about: About, issuerKey: KeyObject | string): string {
  const algorithm = sequence(oid('1.2.840.10045.4.3.2')); // ecdsa-with-SHA256
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40; // positive, and never shorter than it looks
  // Clocks of containers and of hosts differ a little.
  const from = Date.now() - DAY_MS;
  const signed = sequence(
    der(0xa0, integer(Buffer.of(2))),
    integer(serial),
    algorithm,
    distinguishedName(about.issuer),
    sequence(time(new Date(from)), time(new Date(from + about.days * DAY_MS))),
    distinguishedName(about.name),
    about.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...about.extensions)),
  );
  const whole = sequence(signed, algorithm, bits(sign('sha256', signed, issuerKey)));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), utf8(commonName))));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return critical ? sequence(oid(id), yes, octets(value)) : sequence(oid(id), octets(value));
}

function generalName(name: string): Buffer {
  return isIP(name) ? der(0x87, addressBytes(name)) : der(0x82, Buffer.from(name));
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // As URLs write it: no IPv4 part, no superfluous zeros.
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map(hex => Number.parseInt(hex, 16)));
  const bytes = Buffer.alloc(16);
  groups(left).forEach((group, index) => void bytes.writeUInt16BE(group, index * 2));
  // What follows `::` ends at the end.
  const tail = groups(right ?? '');
  tail.forEach((group, index) => void bytes.writeUInt16BE(group, 16 - (tail.length - index) * 2));
  return bytes;
}

/** SHA-1 of the public key's bits, as RFC 5280 4.2.1.2 (1) has it. */
function keyId(key: KeyObject): Buffer {
  const spki = key.export({ type: 'spki', format: 'der' });
  // An uncompressed P-256 point is the last 65 bytes.
  return createHash('sha1')
    .update(spki.subarray(spki.length - 65))
    .digest();
}
