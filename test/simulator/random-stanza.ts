// Stanzas by chance: of the shapes that real ones have, and of every form that the wire knows.
import type { BinaryNode } from '../../src/simulator/wire/stanza.ts';
import { DICTIONARIES, WORDS } from '../../src/simulator/wire/tokens.ts';
import { between, pick } from '../support/random.ts';

type Random = () => number;

const WORD_LIST = [...WORDS.slice(3), ...DICTIONARIES.flat()];
const TAGS = [
  'message',
  'iq',
  'receipt',
  'ack',
  'enc',
  'participants',
  'user',
  'unheard-of',
  'x',
  'Ünïcödé',
  'constructor',
];
const SERVERS = ['s.whatsapp.net', 'lid', 'hosted', 'hosted.lid'];

const digits = (random: Random, count: number) =>
  Array.from({ length: count }, () => between(random, 0, 9)).join('');
const chars = (random: Random, alphabet: string, count: number) =>
  Array.from({ length: count }, () => pick(random, [...alphabet])).join('');

/** A device with device 1 to 255, the form that every client agrees on. */
export function deviceJid(random: Random): string {
  return `${digits(random, between(random, 5, 15))}:${between(random, 1, 255)}@${pick(random, SERVERS)}`;
}

/** An attribute's value, or a text as content, in any form of the wire. Some that Baileys' encoder loses are left out. */
export function anyText(random: Random): string {
  const length = between(random, 1, 40);
  switch (between(random, 0, 11)) {
    case 0:
      return '';
    case 1:
    case 2:
      return pick(random, WORD_LIST);
    case 3:
      return digits(random, between(random, 1, 127));
    case 4:
      return chars(random, '0123456789-.', length);
    case 5:
      return chars(random, '0123456789ABCDEF', between(random, 1, 130));
    case 6:
      return chars(random, '0123456789abcdef', length);
    case 7:
      return deviceJid(random);
    case 8:
      return `${digits(random, 12)}@${pick(random, [...SERVERS, 'g.us', 'newsletter', 'c.us'])}`;
    case 9:
      return pick(random, ['@s.whatsapp.net', 'status@broadcast', '@call', '@g.us']);
    case 10:
      return chars(random, 'aÄ語🦊 =/+', between(random, 1, random() < 0.05 ? 2_000 : 60));
    default:
      return chars(random, 'abcdefghijklmnopqrstuvwxyz_-', length);
  }
}

export function anyBytes(random: Random): Buffer {
  const length = random() < 0.02 ? between(random, 250, 5_000) : between(random, 0, 80);
  return Buffer.from(Array.from({ length }, () => between(random, 0, 255)));
}

/** A stanza of any shape, at most `depth` deep. Its keys are different, as an object's are. */
export function anyStanza(random: Random, depth = 4): BinaryNode {
  const attrs: Record<string, string> = {};
  for (let count = between(random, 0, 6); count > 0; count--)
    attrs[random() < 0.8 ? pick(random, WORD_LIST) : chars(random, 'abcdef_', 8)] = anyText(random);
  const stanza: BinaryNode = { tag: random() < 0.5 ? pick(random, WORD_LIST) : pick(random, TAGS), attrs };
  const kind = random();
  if (kind < 0.2) return stanza;
  if (kind < 0.35) return { ...stanza, content: anyText(random) };
  if (kind < 0.6 || depth <= 1) return { ...stanza, content: anyBytes(random) };
  const many = random() < 0.01 ? between(random, 250, 300) : between(random, 0, 5);
  const content = Array.from({ length: many }, () => anyStanza(random, many > 5 ? 1 : depth - 1));
  return { ...stanza, content };
}
