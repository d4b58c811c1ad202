// Stanzas to bytes, in one pass over one buffer that all of them share (protocol.md 1.3; Baileys WABinary/encode,
// whatsmeow binary/encoder.go).
import type { BinaryNode } from '@whiskeysockets/baileys';
import {
  AD_JID,
  BINARY_8,
  BINARY_20,
  BINARY_32,
  DOMAIN_TYPES,
  FB_JID,
  HEX_8,
  INTEROP_JID,
  JID_PAIR,
  LIST_8,
  LIST_16,
  LIST_EMPTY,
  NIBBLE_8,
  PACKED_MAX,
  WORD_CODES,
} from './tokens.ts';

/** Servers whose addresses travel as JIDs; every other text with an `@` in it is a text (whatsmeow types/jid.go, `@call`
 * of protocol.md 5.3). Strict clients refuse a JID where they expect a text, and the other way round. */
const SERVERS = new Set([
  ...Object.values(DOMAIN_TYPES),
  'g.us',
  'broadcast',
  'newsletter',
  'c.us',
  'call',
  'bot',
  'msgr',
  'interop',
]);
const DOMAIN_OF = new Map(Object.entries(DOMAIN_TYPES).map(([type, server]) => [server, Number(type)]));
const DEVICE = /^(?:0|[1-9]\d{0,4})$/;
const INTEROP_USER = /^(\d{1,5})-([^:]+):(\d{1,5})$/;
const MAX_16_BIT = 0xffff;

const START_SIZE = 32 * 1024;
/** Above it the buffer of one rare large stanza is given back. */
const KEPT_SIZE = 1024 * 1024;

// Not state: it means nothing between two calls.
let out = Buffer.allocUnsafeSlow(START_SIZE);
let at = 0;

/** The bytes of a frame before it is sealed. Throws for what no stanza can be: an attribute that is no text, a list that is too long. */
export function encode(stanza: BinaryNode): Buffer {
  return Buffer.from(encodeShared(stanza));
}

/** Like {@link encode} without a copy: the bytes are good until the next stanza is encoded. */
export function encodeShared(stanza: BinaryNode): Buffer {
  if (out.length > KEPT_SIZE) out = Buffer.allocUnsafeSlow(START_SIZE);
  at = 0;
  byte(0); // not compressed
  writeNode(stanza);
  return out.subarray(0, at);
}

function reserve(count: number): void {
  if (at + count <= out.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(out.length * 2, at + count));
  out.copy(larger, 0, 0, at);
  out = larger;
}

function byte(value: number): void {
  if (at === out.length) reserve(1);
  out[at++] = value;
}

function writeNode({ tag, attrs, content }: BinaryNode): void {
  if (typeof tag !== 'string' || tag === '') throw new TypeError('a stanza needs a tag');
  let size = content === undefined ? 1 : 2;
  for (const name in attrs) if (attrs[name] != null) size += 2;
  writeListStart(size);
  writeString(tag);
  for (const name in attrs) {
    const value: unknown = attrs[name];
    if (value == null) continue;
    if (typeof value !== 'string') throw new TypeError(`<${tag}>: ${name} is not a text`);
    writeString(name);
    writeString(value);
  }
  if (content === undefined) return;
  if (typeof content === 'string') writeString(content);
  else if (Array.isArray(content)) {
    writeListStart(content.length);
    for (const inner of content) writeNode(inner);
  } else if (content instanceof Uint8Array) writeBytes(content);
  else throw new TypeError(`<${tag}>: neither bytes, nor a text, nor a list`);
}

function writeListStart(size: number): void {
  if (size === 0) byte(LIST_EMPTY);
  else if (size < 256) {
    byte(LIST_8);
    byte(size);
  } else if (size <= MAX_16_BIT) {
    byte(LIST_16);
    write16(size);
  } else throw new RangeError(`a list of ${size}`);
}

function write16(value: number): void {
  byte(value >> 8);
  byte(value & 255);
}

function writeLength(length: number): void {
  if (length < 256) {
    byte(BINARY_8);
    byte(length);
  } else if (length < 1 << 20) {
    byte(BINARY_20);
    byte(length >> 16);
    write16(length & MAX_16_BIT);
  } else {
    byte(BINARY_32);
    write16(length >>> 16);
    write16(length & MAX_16_BIT);
  }
}

function writeBytes(bytes: Uint8Array): void {
  writeLength(bytes.length);
  reserve(bytes.length);
  out.set(bytes, at);
  at += bytes.length;
}

function writeString(text: string): void {
  const code = WORD_CODES.get(text);
  if (code !== undefined) {
    if (code > 255) byte(code >> 8);
    byte(code & 255);
    return;
  }
  const packed = text.length <= PACKED_MAX ? packing(text) : undefined;
  if (packed !== undefined) writePacked(text, packed);
  else if (!writeJid(text)) writeRaw(text);
}

function writeRaw(text: string): void {
  const length = Buffer.byteLength(text);
  writeLength(length);
  reserve(length);
  at += out.write(text, at, length, 'utf8');
}

/** How a text can be packed, two characters a byte: digits, `-` and `.`, or upper-case hex; undefined when it cannot. */
function packing(text: string): typeof NIBBLE_8 | typeof HEX_8 | undefined {
  if (text === '') return undefined;
  let nibble = true;
  let hex = true;
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (char >= 48 && char <= 57) continue;
    if (char === 45 || char === 46) hex = false;
    else if (char >= 65 && char <= 70) nibble = false;
    else return undefined;
    if (!nibble && !hex) return undefined;
  }
  return nibble ? NIBBLE_8 : HEX_8;
}

function writePacked(text: string, kind: number): void {
  const half = text.length >> 1;
  const odd = text.length & 1;
  reserve(2 + half + odd);
  out[at++] = kind;
  out[at++] = odd ? 128 | (half + 1) : half;
  for (let index = 0; index < half; index++)
    out[at++] = (packedChar(text.charCodeAt(2 * index)) << 4) | packedChar(text.charCodeAt(2 * index + 1));
  if (odd) out[at++] = (packedChar(text.charCodeAt(text.length - 1)) << 4) | 15;
}

/** 0-9 and A-F are themselves; `-` is 10 and `.` is 11. */
function packedChar(char: number): number {
  if (char <= 46) return char === 45 ? 10 : 11;
  return char <= 57 ? char - 48 : char - 55;
}

/** Writes an address; false when the text is none. What has no form of its own is a pair, so that nothing of it is lost. */
function writeJid(text: string): boolean {
  const sign = text.indexOf('@');
  if (sign < 0) return false;
  const server = text.slice(sign + 1);
  if (!SERVERS.has(server)) return false;
  const user = text.slice(0, sign);
  if (writeDeviceJid(user, server)) return true;
  byte(JID_PAIR);
  if (user === '') byte(LIST_EMPTY);
  else writeString(user);
  writeString(server);
  return true;
}

function writeDeviceJid(whole: string, server: string): boolean {
  const colon = whole.indexOf(':');
  if (colon <= 0 || whole.includes('_')) return false;
  const device = whole.slice(colon + 1);
  if (!DEVICE.test(device) || Number(device) > MAX_16_BIT) return false;
  const user = whole.slice(0, colon);
  const domain = DOMAIN_OF.get(server);
  if (domain !== undefined) {
    if (Number(device) > 255) return false;
    byte(AD_JID);
    byte(domain);
    byte(Number(device));
    writeString(user);
    return true;
  }
  if (server === 'msgr') {
    byte(FB_JID);
    writeString(user);
    write16(Number(device));
    writeString(server);
    return true;
  }
  return server === 'interop' && writeInteropJid(whole, server);
}

/** `integrator-user:device@interop`. */
function writeInteropJid(whole: string, server: string): boolean {
  const [, integrator = '', user = '', device = ''] = INTEROP_USER.exec(whole) ?? [];
  if (!DEVICE.test(integrator) || Number(integrator) > MAX_16_BIT) return false;
  byte(INTEROP_JID);
  writeString(user);
  write16(Number(device));
  write16(Number(integrator));
  writeString(server);
  return true;
}
