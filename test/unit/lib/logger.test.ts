import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loggedError, makeLogger, mask } from '../../../src/lib/logger.ts';

function recorded(level = 'trace') {
  const lines: string[] = [];
  const log = makeLogger(level, { node: 'n1' }, { write: line => void lines.push(line) });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown> };
}

test('numbers of people are masked wherever they stand in a sentence, small numbers are not', () => {
  const cases: [string, string][] = [
    ['no session for 15551234567@s.whatsapp.net', 'no session for #@s.whatsapp.net'],
    ['5511999999999:12@lid, 120363041234567890@g.us', '#:12@lid, #@g.us'],
    ['closed with 515 after 4500 ms', 'closed with 515 after 4500 ms'],
    ['', ''],
  ];
  for (const [said, shown] of cases) assert.equal(mask(said), shown);
});

test('the password of a URL is masked, whatever characters are in it', () => {
  const cases: [string, string][] = [
    ['connect postgres://ann:secret@db/x failed', 'connect postgres://ann:***@db/x failed'],
    ['postgresql://ann:p@ss:w/ord@db:5432/x', 'postgresql://ann:***@db:5432/x'],
    ['postgres://:secret@db/x', 'postgres://:***@db/x'],
    ['POST https://hook:secret@a.example/in', 'POST https://hook:***@a.example/in'],
    ['postgres://db:5432/x', 'postgres://db:5432/x'],
    ['http://a.example:8080/x?y=z', 'http://a.example:8080/x?y=z'],
  ];
  for (const [said, shown] of cases) assert.equal(mask(said), shown);
});

test('an error is logged with its type, code, masked sentence, stack and causes, and nothing else that hangs on it', () => {
  const cause = Object.assign(new RangeError('of 15551234567'), { code: 'E1' });
  const error = Object.assign(new Error('to 15551234567 failed', { cause }), {
    code: 408,
    data: { attrs: { from: '15551234567@s.whatsapp.net' } },
    query: 'insert into signal_key',
    parameters: ['a private key'],
  });
  const logged = loggedError(error);
  assert.deepEqual(Object.keys(logged).sort(), ['cause', 'code', 'message', 'stack', 'type']);
  assert.deepEqual([logged.type, logged.code, logged.message], ['Error', 408, 'to # failed']);
  assert.deepEqual([logged.cause?.type, logged.cause?.message], ['RangeError', 'of #']);
  assert.doesNotMatch(JSON.stringify(logged), /15551234567|private|signal_key/);
});

test('whatever is thrown can be logged', () => {
  const circular = new Error('round');
  circular.cause = new Error('and round', { cause: circular });
  const bare = Object.assign(new Error('x'), { stack: undefined });
  for (const thrown of [
    null,
    undefined,
    'text',
    7,
    { any: 'thing' },
    Symbol('s'),
    circular,
    bare,
    new AggregateError([]),
  ]) {
    const { lines, log, last } = recorded();
    log.error({ err: thrown }, 'failed');
    assert.equal(lines.length, 1, String(thrown));
    assert.equal(last().msg, 'failed');
  }
  assert.equal(loggedError('for 15551234567').message, 'for #');
});

test('what a name gives away is censored at the top and one level down', () => {
  const { lines, log } = recorded();
  const secret = 'hunter2';
  const names = [
    'password',
    'secret',
    'authorization',
    'cookie',
    'credentials',
    'keys',
    'qr',
    'text',
    'body',
  ];
  for (const name of [...names, 'phone', 'jid']) {
    log.info({ [name]: secret, request: { [name]: secret } }, 'seen');
    assert.ok(!lines.at(-1)?.includes(secret), name);
  }
  log.child({ phone: secret }).info('from a child');
  assert.ok(!lines.at(-1)?.includes(secret));
});

test('a line is JSON with its level as a word, its time, and what every line of this logger has', () => {
  const { lines, log, last } = recorded('info');
  log.debug('not this one');
  assert.equal(lines.length, 0);
  log.warn({ device: 'sales' }, 'device is slow');
  const { time, ...rest } = last();
  assert.deepEqual(rest, { level: 'warn', node: 'n1', device: 'sales', msg: 'device is slow' });
  assert.equal(new Date(String(time)).toISOString(), time);
});
