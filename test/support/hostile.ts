// What somebody sends who wants to see what happens.

/** Names that no device may have: paths, control characters, look-alikes, lengths. */
export const hostileIds = [
  '..',
  '../etc/passwd',
  'a..b',
  'a/b',
  '/',
  '\\',
  'a\0',
  '\0',
  'a\n',
  '-a',
  '.a',
  'a b',
  "a'b",
  'a'.repeat(65),
  'a'.repeat(5000),
  'ｓales',
  'sаles',
  'sales\u202e',
  'sales\u200b',
  'é',
  '😀',
  'x@y',
  '1555@example.com',
  '1555@s.whatsapp.net\n',
  '__proto__\0',
];

/** JSON that parses, and then is not what it seems. Each is a body of POST /send/message with a correct message in it. */
export const oddJson = [
  '{"phone":"15551234567","message":"hi","__proto__":{"admin":true}}',
  '{"phone":"15551234567","message":"hi","constructor":{"prototype":{"admin":true}}}',
  '{"phone":"nobody","phone":"15551234567","message":"hi"}',
  '\ufeff{"phone":"15551234567","message":"hi"}',
  '{"phone":"15551234567","message":"hi","extra":1e400,"more":{"deep":[[[[]]]]},"hasOwnProperty":1}',
  `{"phone":"15551234567","message":"hi","deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
];
