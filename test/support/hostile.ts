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
  '{"phone":"15551234567","message":"hi","more":{"deep":[[[[]]]]},"hasOwnProperty":1}',
  `{"phone":"15551234567","message":"hi","deep":${'['.repeat(31)}${']'.repeat(31)}}`,
  '{"phone":"15551234567","message":"hi","a":{"b":1},"c":{"b":1},"d":["b","b"],"\\"":"\\"","e":"{,\\"e\\":1}"}',
];

/** JSON that two readers understand differently, or none at all. The same message is in it, and nothing may be sent. */
export const ambiguousJson = [
  '{"phone":"nobody","phone":"15551234567","message":"hi"}',
  '{"phone":"15551234567","message":"hi","more":[{"a":1,"\\u0061":2}]}',
  '{"phone":"15551234567","message":"hi","__proto__":1,"__proto__":2}',
  '\ufeff{"phone":"15551234567","message":"hi"}',
  '{"phone":"15551234567","message":"hi","extra":1e400}',
  '{"phone":"15551234567","message":"hi","extra":["\\ud800"]}',
  '{"phone":"15551234567","message":"hi","\\u0000":1}',
  `{"phone":"15551234567","message":"hi","deep":${'['.repeat(32)}${']'.repeat(32)}}`,
  `{"phone":"15551234567","message":"hi","deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  `{"phone":"15551234567","message":"hi","deep":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
];
