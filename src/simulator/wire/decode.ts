// Bytes to stanzas, believing nothing: every length is checked against what there is before anything is made of it, and
// what could be read in two ways is refused (protocol.md 1.3; Baileys WABinary/decode, whatsmeow binary/decoder.go).
import { inflateSync } from 'node:zlib';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { ProtocolError } from './protocol-error.ts';
import {
  AD_JID,
  BINARY_8,
  BINARY_20,
  BINARY_32,
  DICTIONARIES,
  DICTIONARY_0,
  DOMAIN_TYPES,
  FB_JID,
  HEX_8,
  INTEROP_JID,
  JID_PAIR,
  LIST_8,
  LIST_16,
  LIST_EMPTY,
  NIBBLE_8,
  WORDS,
} from './tokens.ts';

/** A client may compress; a bomb must not take the server's memory. Real stanzas stay far below. */
const MAX_INFLATED = 8 * 1024 * 1024;
/** Real stanzas nest less than ten deep. */
const MAX_DEPTH = 32;
/** A push name with several `@` in it is a pair of pairs in Baileys' encoder. */
const MAX_JID_DEPTH = 8;
/** A usync of 20,000 numbers has 40,000; small nodes cost fifty times their bytes. */
const MAX_NODES = 100_000;
/** Tags and attributes are names, numbers and addresses; what is longer is content. */
const MAX_TEXT = 8 * 1024;
/** The shortest node: a list of one, and a word. */
const NODE_BYTES = 3;
const COMPRESSED = 2;

/** Decodes one decrypted frame; contents are views of it. Throws {@link ProtocolError} for anything but exactly one node. */
export function decode(frame: Buffer): BinaryNode {
  const flags = frame[0];
  if (flags === undefined) throw new ProtocolError('an empty frame');
  if ((flags & ~COMPRESSED) !== 0) throw new ProtocolError(`unknown flags ${flags}`);
  return new Reader(flags === COMPRESSED ? inflated(frame) : frame, flags === COMPRESSED ? 0 : 1).whole();
}

function inflated(frame: Buffer): Buffer {
  try {
    return inflateSync(frame.subarray(1), { maxOutputLength: MAX_INFLATED });
  } catch (error) {
    throw new ProtocolError('not a compressed node', { cause: error });
  }
}

// A packed string is unpacked in here, so that the text made of it is flat.
const unpacked = Buffer.alloc(256);
const NIBBLES = Buffer.from('0123456789-.');
const HEX = Buffer.from('0123456789ABCDEF');
/** What fills the last half of an odd length. */
const FILLER = 15;

class Reader {
  readonly #data: Buffer;
  #at: number;
  #nodes = 0;

  constructor(data: Buffer, at: number) {
    this.#data = data;
    this.#at = at;
  }

  whole(): BinaryNode {
    const decoded = this.#node(1);
    if (this.#at !== this.#data.length)
      throw new ProtocolError(`${this.#data.length - this.#at} bytes after a node`);
    return decoded;
  }

  get #left(): number {
    return this.#data.length - this.#at;
  }

  #byte(): number {
    const value = this.#data[this.#at++];
    if (value === undefined) throw new ProtocolError('a node ends too early');
    return value;
  }

  #number(bytes: 2 | 4): number {
    const high = (this.#byte() << 8) | this.#byte();
    return bytes === 2 ? high : ((high << 16) | (this.#byte() << 8) | this.#byte()) >>> 0;
  }

  #node(depth: number): BinaryNode {
    if (depth > MAX_DEPTH) throw new ProtocolError('nodes nested too deep');
    if (++this.#nodes > MAX_NODES) throw new ProtocolError('too many nodes');
    const size = this.#listSize(this.#byte());
    if (size === 0) throw new ProtocolError('an empty node');
    if (size > this.#left) throw new ProtocolError(`a node of ${size} parts in ${this.#left} bytes`);
    const tag = this.#string(this.#byte());
    if (tag === '') throw new ProtocolError('a node without a tag');
    const attrs: Record<string, string> = {};
    for (let count = (size - 1) >> 1; count > 0; count--) this.#attribute(attrs);
    if (size % 2 === 1) return { tag, attrs };
    return { tag, attrs, content: this.#content(depth) };
  }

  #attribute(attrs: Record<string, string>): void {
    const name = this.#string(this.#byte());
    // The one name that would not become a property.
    if (name === '' || name === '__proto__' || Object.hasOwn(attrs, name))
      throw new ProtocolError(`a second or impossible attribute "${name}"`);
    attrs[name] = this.#string(this.#byte());
  }

  #content(depth: number): BinaryNode[] | Buffer | string {
    const tag = this.#byte();
    switch (tag) {
      case LIST_EMPTY:
      case LIST_8:
      case LIST_16:
        return this.#list(this.#listSize(tag), depth);
      case BINARY_8:
      case BINARY_20:
      case BINARY_32:
        return this.#bytes(this.#length(tag));
      default:
        return this.#string(tag, this.#left);
    }
  }

  #list(size: number, depth: number): BinaryNode[] {
    if (size * NODE_BYTES > this.#left)
      throw new ProtocolError(`a list of ${size} nodes in ${this.#left} bytes`);
    const nodes: BinaryNode[] = [];
    for (let count = size; count > 0; count--) nodes.push(this.#node(depth + 1));
    return nodes;
  }

  #listSize(tag: number): number {
    switch (tag) {
      case LIST_EMPTY:
        return 0;
      case LIST_8:
        return this.#byte();
      case LIST_16:
        return this.#number(2);
      default:
        throw new ProtocolError(`${tag} is no list`);
    }
  }

  #length(tag: number): number {
    if (tag === BINARY_8) return this.#byte();
    if (tag === BINARY_20) return ((this.#byte() & 15) << 16) | this.#number(2);
    return this.#number(4);
  }

  #bytes(length: number): Buffer {
    if (length > this.#left) throw new ProtocolError(`${length} bytes where ${this.#left} are left`);
    const start = this.#at;
    this.#at += length;
    return this.#data.subarray(start, this.#at);
  }

  #string(tag: number, most = MAX_TEXT, jids = 0): string {
    if (tag > LIST_EMPTY && tag < WORDS.length) return WORDS[tag]!;
    switch (tag) {
      case LIST_EMPTY:
        return '';
      case BINARY_8:
      case BINARY_20:
      case BINARY_32:
        return this.#text(this.#length(tag), most);
      case NIBBLE_8:
        return this.#packed(NIBBLES);
      case HEX_8:
        return this.#packed(HEX);
      case JID_PAIR:
      case AD_JID:
      case FB_JID:
      case INTEROP_JID:
        if (jids >= MAX_JID_DEPTH) throw new ProtocolError('addresses nested too deep');
        return this.#jid(tag, jids + 1);
      default:
        return this.#rareWord(tag);
    }
  }

  #rareWord(tag: number): string {
    const words = DICTIONARIES[tag - DICTIONARY_0];
    if (!words) throw new ProtocolError(`${tag} is no text`);
    const word = words[this.#byte()];
    if (word === undefined) throw new ProtocolError(`no such word in dictionary ${tag - DICTIONARY_0}`);
    return word;
  }

  #text(length: number, most: number): string {
    if (length > most) throw new ProtocolError(`a text of ${length} bytes where ${most} are plenty`);
    if (length > this.#left)
      throw new ProtocolError(`a text of ${length} bytes where ${this.#left} are left`);
    const start = this.#at;
    this.#at += length;
    return this.#data.toString('utf8', start, this.#at);
  }

  #packed(alphabet: Buffer): string {
    const start = this.#byte();
    const length = start & 127;
    const odd = start >= 128;
    if (length > this.#left || (odd && length === 0))
      throw new ProtocolError(`a packed text of ${length} bytes where ${this.#left} are left`);
    for (let index = 0; index < length; index++) {
      const pair = this.#byte();
      const last = odd && index === length - 1;
      if (last && (pair & 15) !== FILLER) throw new ProtocolError('a packed text without its filler');
      unpacked[2 * index] = packedChar(alphabet, pair >> 4);
      if (!last) unpacked[2 * index + 1] = packedChar(alphabet, pair & 15);
    }
    return unpacked.toString('latin1', 0, 2 * length - (odd ? 1 : 0));
  }

  #jid(tag: number, jids: number): string {
    const part = () => this.#string(this.#byte(), MAX_TEXT, jids);
    switch (tag) {
      case AD_JID: {
        const server = DOMAIN_TYPES[this.#byte()];
        const device = this.#byte();
        if (server === undefined) throw new ProtocolError('an address of an unknown domain');
        const user = part();
        return device === 0 ? `${user}@${server}` : `${user}:${device}@${server}`;
      }
      case JID_PAIR: {
        const user = part();
        return `${user}@${serverOf(part())}`;
      }
      case FB_JID: {
        const user = part();
        const device = this.#number(2);
        return `${user}:${device}@${serverOf(part(), 'msgr')}`;
      }
      default: {
        const user = part();
        const device = this.#number(2);
        const integrator = this.#number(2);
        return `${integrator}-${user}:${device}@${serverOf(part(), 'interop')}`;
      }
    }
  }
}

function serverOf(text: string, only = text): string {
  if (text === '' || text !== only) throw new ProtocolError(`an address at "${text}"`);
  return text;
}

function packedChar(alphabet: Buffer, value: number): number {
  const char = alphabet[value];
  if (char === undefined) throw new ProtocolError('a packed text with an unknown character');
  return char;
}
