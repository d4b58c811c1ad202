// Binary nodes: the XML-like stanzas that both sides exchange after the handshake. What a client sent is never trusted
// to have the expected shape: the accessors here check it.
import type { BinaryNode } from '@whiskeysockets/baileys';
import { ProtocolError } from './protocol-error.ts';

export type { BinaryNode } from '@whiskeysockets/baileys';
export { decode } from './decode.ts';
export { encode } from './encode.ts';
export { ProtocolError } from './protocol-error.ts';
export type Attrs = Record<string, string>;

/** The JID of the server itself. With the `@`: clients compare it as this string (protocol.md 1.3). */
export const SERVER = '@s.whatsapp.net';

/** Builds a node; attributes that are undefined are left out. */
export function node(
  tag: string,
  attrs: Record<string, string | undefined>,
  content?: BinaryNode[] | Uint8Array | string,
): BinaryNode {
  const present: Attrs = {};
  for (const key in attrs) {
    const value = attrs[key];
    if (value !== undefined) present[key] = value;
  }
  return content === undefined ? { tag, attrs: present } : { tag, attrs: present, content };
}

/** The child stanzas, of one tag or all; none where the content is not stanzas. */
export function children(parent: BinaryNode | undefined, tag?: string): BinaryNode[] {
  const content = parent?.content;
  if (!Array.isArray(content)) return [];
  return tag === undefined ? content : content.filter(child => child.tag === tag);
}

/** The first child of that tag. */
export function child(parent: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  const content = parent?.content;
  return Array.isArray(content) ? content.find(one => one.tag === tag) : undefined;
}

/** The bytes in a node; a client's codec may have sent them as a string (protocol.md 1.3). */
export function bytes(holder: BinaryNode | undefined): Buffer | undefined {
  const content = holder?.content;
  if (content === undefined || Array.isArray(content)) return undefined;
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
}

/** The bytes in the child `tag`. Throws {@link ProtocolError} when they are missing or not `length` long. */
export function childBytes(parent: BinaryNode, tag: string, length?: number): Buffer {
  const value = bytes(child(parent, tag));
  if (!value || (length !== undefined && value.length !== length)) {
    throw new ProtocolError(
      `<${parent.tag}> needs <${tag}>${length === undefined ? '' : ` of ${length} bytes`}`,
    );
  }
  return value;
}

/** Ids have some tens of characters, addresses fewer; they are kept in several places. */
const MAX_ATTR = 1_024;

/** An attribute that must be there. Throws {@link ProtocolError}. */
export function attr(holder: BinaryNode, name: string): string {
  const value = holder.attrs[name];
  if (value === undefined || value === '') throw new ProtocolError(`<${holder.tag}> needs ${name}`);
  if (value.length > MAX_ATTR) throw new ProtocolError(`<${holder.tag}>: ${name} is too long`);
  return value;
}

/** Big-endian bytes of a key id (3) or registration id (4). */
export function bigEndian(value: number, length: number): Buffer {
  const out = Buffer.alloc(length);
  out.writeUIntBE(value, 0, length);
  return out;
}
