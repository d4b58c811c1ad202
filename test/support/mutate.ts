// Damage by chance: to bytes, and to stanzas that stay well-formed but make no sense any more.
import type { BinaryNode } from '../../src/simulator/wire/stanza.ts';
import { between, pick } from './random.ts';

type Random = () => number;

/** A copy with one to three damages: flipped bits, other bytes, a cut, a part repeated, removed or from elsewhere. */
export function mutateBytes(random: Random, data: Uint8Array, elsewhere: Uint8Array = data): Buffer {
  let damaged: Buffer = Buffer.from(data);
  for (let count = between(random, 1, 3); count > 0; count--)
    damaged = damageBytes(random, damaged, elsewhere);
  return damaged;
}

function damageBytes(random: Random, data: Buffer, elsewhere: Uint8Array): Buffer {
  if (data.length === 0) return Buffer.of(between(random, 0, 255));
  const at = between(random, 0, data.length - 1);
  const to = between(random, at, data.length);
  const [before, middle, after] = [data.subarray(0, at), data.subarray(at, to), data.subarray(to)];
  switch (between(random, 0, 7)) {
    case 0:
      data[at] = data[at]! ^ (1 << between(random, 0, 7));
      return data;
    case 1:
      data[at] = between(random, 0, 255);
      return data;
    case 2:
      // Where lengths are: a little more or less.
      data[at] = (data[at]! + pick(random, [-2, -1, 1, 2, 128])) & 255;
      return data;
    case 3:
      return before;
    case 4:
      return Buffer.concat([before, middle, middle, after]);
    case 5:
      return Buffer.concat([before, after]);
    case 6: {
      const from = between(random, 0, elsewhere.length);
      return Buffer.concat([before, elsewhere.subarray(from, from + between(random, 1, 40)), after]);
    }
    default:
      return Buffer.concat([data, Buffer.of(between(random, 0, 255))]);
  }
}

/** What nobody would send as an attribute. */
const ODD_TEXTS = [
  '',
  '0',
  '-1',
  '1e309',
  'NaN',
  '99999999999999999999999999',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '@',
  '@s.whatsapp.net',
  's.whatsapp.net',
  '@g.us',
  '@lid',
  'status@broadcast',
  '1:256@s.whatsapp.net',
  '1:0@lid',
  '0@s.whatsapp.net',
  '1-1@g.us',
  'undefined',
  'null',
  '[object Object]',
  '<iq/>',
  '\u0000',
  '🦊'.repeat(50),
  'x'.repeat(5_000),
];

/** A copy with one to four damages. Words come from `vocabulary`, so that it looks like something that exists. */
export function mutateStanza(
  random: Random,
  stanza: BinaryNode,
  vocabulary: readonly BinaryNode[],
): BinaryNode {
  const copy = structuredClone(stanza);
  for (let count = between(random, 1, 4); count > 0; count--)
    damage(random, pick(random, within(copy)), vocabulary);
  return copy;
}

/** The stanza and everything in it. */
export function within(stanza: BinaryNode): BinaryNode[] {
  return Array.isArray(stanza.content) ? [stanza, ...stanza.content.flatMap(within)] : [stanza];
}

function damage(random: Random, target: BinaryNode, vocabulary: readonly BinaryNode[]): void {
  const other = pick(random, within(pick(random, vocabulary)));
  const names = Object.keys(target.attrs);
  const name = names.length > 0 ? pick(random, names) : 'id';
  switch (between(random, 0, 9)) {
    case 0:
      delete target.attrs[name];
      return;
    case 1:
      target.attrs[name] = pick(random, ODD_TEXTS);
      return;
    case 2:
      target.attrs[name] = pick(random, Object.values(other.attrs).concat('x'));
      return;
    case 3:
      Object.assign(target.attrs, other.attrs);
      return;
    case 4:
      target.tag = random() < 0.8 ? other.tag : pick(random, ['constructor', 'x', 'toString', 'valueOf']);
      return;
    case 5:
      delete target.content;
      return;
    case 6:
      target.content = oddContent(random);
      return;
    default:
      damageChildren(random, target, structuredClone(other));
  }
}

function oddContent(random: Random): NonNullable<BinaryNode['content']> {
  const bytes = Buffer.from(Array.from({ length: between(random, 0, 100) }, () => between(random, 0, 255)));
  return pick<NonNullable<BinaryNode['content']>>(random, [
    [],
    'text',
    '0',
    '',
    bytes,
    Buffer.alloc(32),
    Buffer.alloc(0),
  ]);
}

function damageChildren(random: Random, target: BinaryNode, other: BinaryNode): void {
  const children = Array.isArray(target.content) ? target.content : [];
  const at = between(random, 0, children.length);
  const action = between(random, 0, 3);
  if (action === 0) children.splice(at, 1);
  else if (action === 1) children.splice(at, 0, other);
  else if (action === 2 && children[at])
    children.push(...Array<BinaryNode>(between(random, 1, 20)).fill(children[at]));
  else children.reverse();
  target.content = children;
}
