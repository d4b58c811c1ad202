// Our codec beside Baileys' own, on the same stanzas and the same bytes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { deflateSync } from 'node:zlib';
import {
  type BinaryNode,
  decodeDecompressedBinaryNode,
  encodeBinaryNode,
  jidDecode,
} from '@whiskeysockets/baileys';
import * as constants from '@whiskeysockets/baileys/lib/WABinary/constants.js';
import { decode, encode, ProtocolError } from '../../src/simulator/wire/stanza.ts';
import { between, seeded } from '../support/random.ts';
import { anyStanza } from './random-stanza.ts';

const theirs = (frame: Buffer): BinaryNode => decodeDecompressedBinaryNode(frame.subarray(1), constants);
const theirBytes = (stanza: BinaryNode): Buffer => encodeBinaryNode(stanza) as Buffer;

/** Without the difference between a content that is absent and one that is undefined. */
function plain(stanza: BinaryNode): unknown {
  const { tag, attrs, content } = stanza;
  const inner = Array.isArray(content) ? content.map(plain) : content;
  return inner === undefined ? { tag, attrs: { ...attrs } } : { tag, attrs: { ...attrs }, content: inner };
}

/** Baileys looks words up in a plain object and finds the inherited ones, too. */
const inherited = (stanza: BinaryNode): boolean =>
  [
    stanza.tag,
    ...Object.entries(stanza.attrs).flat(),
    ...(typeof stanza.content === 'string' ? [stanza.content] : []),
  ].some(text => text in Object.prototype) ||
  (Array.isArray(stanza.content) && stanza.content.some(inherited));

test('10,000 random stanzas: the bytes are the same as Baileys makes, and each decodes what the other encoded', () => {
  for (let seed = 1; seed <= 10_000; seed++) {
    const stanza = anyStanza(seeded(seed));
    const ours = encode(stanza);
    const at = `seed ${seed}`;
    assert.deepEqual(plain(decode(ours)), plain(theirs(ours)), at);
    if (inherited(stanza)) continue;
    const other = theirBytes(stanza);
    if (!ours.equals(other)) assert.fail(`${at}\n${ours.toString('hex')}\n${other.toString('hex')}`);
    assert.deepEqual(plain(decode(deflated(other))), plain(theirs(other)), at);
  }
});

test('what is decoded is what was encoded, texts as content excepted, which come back as bytes or as a text', () => {
  const asText = (stanza: BinaryNode): unknown => ({
    ...stanza,
    ...(Array.isArray(stanza.content) && { content: stanza.content.map(asText) }),
    ...(stanza.content instanceof Uint8Array && { content: Buffer.from(stanza.content).toString() }),
  });
  for (let seed = 1; seed <= 2_000; seed++) {
    const stanza = anyStanza(seeded(seed));
    assert.deepEqual(asText(decode(encode(stanza))), asText(stanza), `seed ${seed}`);
  }
});

function deflated(frame: Buffer): Buffer {
  return Buffer.concat([Buffer.of(2), deflateSync(frame.subarray(1))]);
}

const attribute = (value: string) => decode(encode({ tag: 'iq', attrs: { to: value } })).attrs.to;
const hexOf = (value: string) =>
  encode({ tag: 'iq', attrs: { to: value } })
    .subarray(5)
    .toString('hex');

test('every form of an address: pairs, devices of the four domains, Messenger, interop', () => {
  assert.match(hexOf('@s.whatsapp.net'), /^fa0003$/);
  assert.match(hexOf('123:7@s.whatsapp.net'), /^f70007ff82123f$/);
  assert.match(hexOf('123:7@lid'), /^f70107ff82123f$/);
  assert.match(hexOf('123:7@hosted'), /^f78007ff82123f$/);
  assert.match(hexOf('123:7@hosted.lid'), /^f78107ff82123f$/);
  assert.match(hexOf('123:513@msgr'), /^f6ff82123f0201/);
  assert.match(hexOf('258-123:513@interop'), /^f5ff82123f02010102/);
  for (const jid of [
    '@s.whatsapp.net',
    '123:7@s.whatsapp.net',
    '123:7@hosted.lid',
    '123:513@msgr',
    '258-123:513@interop',
    '123@g.us',
    'status@broadcast',
    '@call',
    // Of these Baileys' encoder loses something.
    '123:300@s.whatsapp.net',
    '12:ab@s.whatsapp.net',
    '12_1@s.whatsapp.net',
    '1:2:3@lid',
    '123@',
    '@',
    'a@b@c',
  ])
    assert.equal(attribute(jid), jid);
  // The phone is device 0, which is not written; Baileys reads it the same way.
  assert.equal(attribute('123:0@s.whatsapp.net'), '123@s.whatsapp.net');
  assert.equal(jidDecode('123:7@hosted')?.domainType, 128);
});

test('a text with an @ in it that is no address stays a text: strict clients refuse an address there', () => {
  assert.equal(hexOf('me@home').slice(0, 4), 'fc07');
  assert.equal(attribute('me@home'), 'me@home');
  // Baileys sends it as an address; that is understood.
  assert.equal(decode(theirBytes({ tag: 'presence', attrs: { name: 'a@b@c' } })).attrs.name, 'a@b@c');
});

test('lengths at every limit of a list and of a byte string', () => {
  for (const count of [0, 1, 255, 256, 1_000]) {
    const stanza = {
      tag: 'list',
      attrs: {},
      content: Array.from({ length: count }, () => ({ tag: 'x', attrs: {} })),
    };
    const frame = encode(stanza);
    assert.deepEqual(frame, theirBytes(stanza));
    assert.equal((decode(frame).content as unknown[]).length, count);
  }
  for (const count of [0, 255, 256, 2 ** 20 - 1, 2 ** 20]) {
    const frame = encode({ tag: 'enc', attrs: {}, content: Buffer.alloc(count, 7) });
    assert.equal((decode(frame).content as Buffer).length, count);
  }
  assert.equal(
    decode(encode({ tag: 'enc', attrs: {}, content: 'ü'.repeat(200_000) })).content?.length,
    400_000,
  );
  assert.throws(
    () => encode({ tag: 'list', attrs: {}, content: Array(65_536).fill({ tag: 'x', attrs: {} }) }),
    RangeError,
  );
});

test('what no stanza can be is not encoded', () => {
  assert.throws(() => encode({ tag: '', attrs: {} }), TypeError);
  assert.throws(() => encode({ tag: 'iq', attrs: { id: 5 as never } }), TypeError);
  assert.throws(() => encode({ tag: 'iq', attrs: {}, content: 5 as never }), TypeError);
  // An attribute that is not there is left out.
  assert.deepEqual(
    encode({ tag: 'iq', attrs: { id: undefined as never } }),
    encode({ tag: 'iq', attrs: {} }),
  );
});

const IQ = encode({ tag: 'iq', attrs: {} }); // 00 f8 01 <iq>
const word = IQ[3]!;
const refused: Record<string, number[]> = {
  'an empty frame': [],
  'nothing but flags': [0],
  'unknown flags': [4, 0xf8, 1, word],
  'no list': [0, word],
  'an empty list': [0, 0],
  'an empty list of one byte length': [0, 0xf8, 0, word],
  'a tag that is empty': [0, 0xf8, 1, 0xfc, 0],
  'a tag that is a list': [0, 0xf8, 1, 0xf8, 1, word],
  'bytes after the node': [...IQ, 0],
  'a second node': [...IQ, ...IQ.subarray(1)],
  'an unused tag': [0, 0xf8, 1, 0xf0],
  'an attribute that is a list': [0, 0xf8, 3, word, 5, 0xf8, 1, word],
  'an attribute twice': [0, 0xf8, 5, word, 5, 6, 5, 6],
  'an attribute without a name': [0, 0xf8, 3, word, 0, 6],
  'an attribute named __proto__': [0, 0xf8, 3, word, 0xfc, 9, ...Buffer.from('__proto__'), 6],
  'more attributes than bytes': [0, 0xf9, 0xff, 0xff, word, 5, 6],
  'more children than bytes': [0, 0xf8, 2, word, 0xf9, 0xff, 0xff, 0xf8, 1, word],
  'more bytes than there are': [0, 0xf8, 2, word, 0xfe, 0xff, 0xff, 0xff, 0xff, 1],
  'a longer text than there is': [0, 0xf8, 1, 0xfd, 0x0f, 0xff, 0xff, 65],
  'a length that ends early': [0, 0xf8, 1, 0xfd, 0],
  'a packed text that ends early': [0, 0xf8, 1, 0xff, 5, 0x12],
  'a packed text without a length': [0, 0xf8, 1, 0xff, 0x80],
  'a packed text with an unknown character': [0, 0xf8, 1, 0xff, 1, 0xcd],
  'a packed text with a filler inside': [0, 0xf8, 1, 0xff, 1, 0x1f],
  'a packed text of odd length without filler': [0, 0xf8, 1, 0xff, 0x81, 0x12],
  'an address without a server': [0, 0xf8, 3, word, 5, 0xfa, 6, 0],
  'an address of an unknown domain': [0, 0xf8, 3, word, 5, 0xf7, 2, 1, 6],
  'a Messenger address elsewhere': [0, 0xf8, 3, word, 5, 0xf6, 6, 0, 1, 3],
  'an interop address elsewhere': [0, 0xf8, 3, word, 5, 0xf5, 6, 0, 1, 0, 1, 3],
  'addresses in addresses without end': [0, 0xf8, 3, word, 5, ...Array(64).fill([0xfa, 6]).flat(), 3],
  'nodes in nodes without end': [0, ...Array(64).fill([0xf8, 2, word, 0xf8, 1]).flat(), 0xf8, 1, word],
  'what is not compressed although it says so': [2, 1, 2, 3],
  'compressed and then nothing': [2],
};

for (const [what, bytes] of Object.entries(refused)) {
  test(`the decoder refuses ${what}`, () => {
    assert.throws(() => decode(Buffer.from(bytes)), ProtocolError);
  });
}

test('the decoder refuses attributes of 9 KB, which only a content may have', () => {
  const long = 'x'.repeat(9_000);
  assert.throws(() => decode(encode({ tag: 'iq', attrs: { id: long } })), /plenty/);
  assert.throws(() => decode(encode({ tag: long, attrs: {} })), /plenty/);
  assert.equal(decode(encode({ tag: 'iq', attrs: {}, content: long })).content?.length, 9_000);
});

test('the decoder refuses a bomb before it has unfolded', () => {
  const bomb = Buffer.concat([Buffer.of(2), deflateSync(Buffer.alloc(64 * 1024 * 1024))]);
  assert.throws(() => decode(bomb), ProtocolError);
  const many = Array.from({ length: 60_000 }, () => ({ tag: 'x', attrs: {} }));
  const nested = {
    tag: 'x',
    attrs: {},
    content: [
      { tag: 'a', attrs: {}, content: many },
      { tag: 'b', attrs: {}, content: many },
    ],
  };
  assert.throws(() => decode(encode(nested)), /too many/);
});

test('every beginning of a frame is refused, and none is taken for another stanza', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const frame = encode(anyStanza(seeded(seed), 2));
    const step = Math.ceil(frame.length / between(seeded(seed), 50, 100));
    for (let length = 0; length < frame.length; length += step)
      assert.throws(() => decode(frame.subarray(0, length)), ProtocolError, `seed ${seed}, ${length} bytes`);
  }
});
