// Values that nobody should send and somebody does.
import { between, pick } from '../random.ts';

const texts = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '../../etc/passwd',
  '..%2f..%2fetc',
  "'; drop table device; --",
  '%_\\',
  '<script>alert(1)</script>',
  '\u202egnp.exe',
  '𝟙𝟝𝟝𝟝𝟙𝟚𝟛𝟜𝟝𝟞𝟟',
  '123@s.whatsapp.net\n',
  '0@s.whatsapp.net',
  '@g.us',
  'x@g.us',
  '1-2-3@g.us',
  'status@broadcast',
  '120363000000000000@newsletter',
  '99999999999999999999999999@lid',
  'null',
  'true',
  '-1',
  '1e400',
  'NaN',
  '0x10',
  '2024-13-45T99:99:99Z',
  'file:///etc/passwd',
  'http://169.254.169.254/latest/meta-data',
  'https://[::1]:80/',
  'javascript:alert(1)',
  'data:text/html,x',
  '👩‍👩‍👧‍👦',
  'ﷺ'.repeat(40),
  '@everyone',
];

export function oddText(random: () => number): string {
  const chance = random();
  if (chance < 0.02) return 'x'.repeat(between(random, 1_000, 70_000));
  if (chance < 0.1)
    return String.fromCodePoint(...Array.from({ length: 6 }, () => between(random, 1, 0x2fff)));
  return pick(random, texts);
}

export function oddValue(random: () => number): unknown {
  const made: readonly (() => unknown)[] = [
    () => null,
    () => true,
    () => 0,
    () => -1,
    () => 1.5,
    () => 2 ** 53,
    () => -(2 ** 70),
    () => [],
    () => ({}),
    () => [null],
    () => [[['x']]],
    () => Array.from({ length: between(random, 2, 2_000) }, () => 'x'),
    () => ({ toString: 1, length: -1 }),
    () => JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{}}}'),
    () => nested(between(random, 2, 60)),
  ];
  return random() < 0.6 ? oddText(random) : pick(random, made)();
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let at = 0; at < depth; at++) value = at % 2 === 0 ? [value] : { a: value };
  return value;
}
