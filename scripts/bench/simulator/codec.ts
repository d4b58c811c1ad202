/** Our codec beside Baileys' own: the same stanzas, in the same run, in turns. */
import { decodeDecompressedBinaryNode, encodeBinaryNode } from '@whiskeysockets/baileys';
import * as constants from '@whiskeysockets/baileys/lib/WABinary/constants.js';
import { type BinaryNode, decode, encode, node } from '../../../src/simulator/wire/stanza.ts';

export interface CodecFigures {
  readonly what: string;
  readonly bytes: number;
  /** Microseconds each. */
  readonly encode: { readonly ours: number; readonly baileys: number };
  readonly decode: { readonly ours: number; readonly baileys: number };
}

const ROUNDS = 5;
const ROUND_MS = 60;

const to = (device: number) =>
  node('to', { jid: `15550000001:${device}@s.whatsapp.net` }, [
    node('enc', { v: '2', type: 'msg' }, Buffer.alloc(150, device)),
  ]);
const key = (id: number) =>
  node('key', {}, [
    node('id', {}, Buffer.from([0, id >> 8, id & 255])),
    node('value', {}, Buffer.alloc(32, id)),
  ]);

const stanzas: Readonly<Record<string, BinaryNode>> = {
  'receipt or ack': node('receipt', { id: '3EB0D0F2A1B2C3D4E5F60718', to: '15550000001:3@s.whatsapp.net' }),
  'text to three devices': node(
    'message',
    { id: '3EB0D0F2A1B2C3D4E5F60718', to: '15550000001@s.whatsapp.net', type: 'text' },
    [node('participants', {}, [to(1), to(2), to(3)])],
  ),
  '812 prekeys': node('iq', { id: '1.1-1', to: '@s.whatsapp.net', type: 'set', xmlns: 'encrypt' }, [
    node(
      'list',
      {},
      Array.from({ length: 812 }, (_, id) => key(id)),
    ),
  ]),
};

export function measureCodec(): CodecFigures[] {
  return Object.entries(stanzas).map(([what, stanza]) => {
    const frame = encode(stanza);
    const best = { ours: [Infinity, Infinity], baileys: [Infinity, Infinity] };
    for (let round = 0; round < ROUNDS; round++) {
      least(
        best.ours,
        timed(() => encode(stanza)),
        timed(() => decode(frame)),
      );
      least(
        best.baileys,
        timed(() => encodeBinaryNode(stanza)),
        timed(() => decodeDecompressedBinaryNode(frame.subarray(1), constants)),
      );
    }
    return {
      what,
      bytes: frame.length,
      encode: { ours: best.ours[0]!, baileys: best.baileys[0]! },
      decode: { ours: best.ours[1]!, baileys: best.baileys[1]! },
    };
  });
}

function least(kept: number[], ...measured: number[]): void {
  measured.forEach((value, index) => {
    kept[index] = Math.min(kept[index]!, value);
  });
}

function timed(run: () => unknown): number {
  const started = performance.now();
  let count = 0;
  let now = started;
  for (; now - started < ROUND_MS; now = performance.now()) for (let n = 0; n < 10; n++, count++) run();
  return ((now - started) / count) * 1000;
}
