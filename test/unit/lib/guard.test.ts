import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowsLoopback, Forbidden, Guard, isAllowable } from '../../../src/lib/guard.ts';

/** Addresses that lead into somebody's network, each written as somebody who wants in would. */
const inner = [
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f.0.0.1/',
  'http://0177.0.0.1/',
  'http://0.0.0.0/',
  'http://10.0.0.1/',
  'http://172.16.0.1/',
  'http://192.168.1.1/',
  'http://100.64.0.1/',
  'http://100.100.100.200/latest/meta-data',
  'http://169.254.169.254/latest/meta-data',
  'http://168.63.129.16/',
  'http://192.0.2.1/',
  'http://198.18.0.1/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'http://[::]/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:8.8.8.8]/',
  'http://[64:ff9b::7f00:1]/',
  'http://[::127.0.0.1]/',
  'http://[::a9fe:a9fe]/',
  'http://[4000::1]/',
  'http://[64:ff9b:1::7f00:1]/',
  'http://[2002:7f00:1::]/',
  'http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/',
  'http://[fe80::1]/',
  'http://[fec0::1]/',
  'http://[fc00::1]/',
  'http://[fd00:ec2::254]/',
  'http://[ff02::1]/',
];

test('S29: an address that is not public is refused, however it is written', () => {
  const guard = new Guard();
  for (const url of inner) assert.throws(() => guard.check(url), Forbidden, url);
  for (const url of ['http://8.8.8.8/', 'https://[2606:4700:4700::1111]/x?y', 'https://example.com/'])
    assert.equal(guard.check(url).href, new URL(url).href);
});

test('S29: only http and https without a password are fetched', () => {
  const guard = new Guard();
  for (const url of [
    'file:///etc/passwd',
    'ftp://example.com/',
    'data:,x',
    'gopher://x/',
    'https://a:b@example.com/',
    'x',
  ])
    assert.throws(() => guard.check(url), Forbidden, url);
});

const asked = (guard: Guard, name: string) =>
  new Promise<unknown>((resolve, reject) =>
    guard.lookup(name, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses))),
  );

test('S29: a name is refused when it resolves to an address that is not public, unless the operator has named it', async () => {
  await assert.rejects(asked(new Guard(), 'localhost'), Forbidden);
  const [found] = (await asked(new Guard(['LocalHost']), 'localhost')) as { address: string }[];
  assert.match(String(found?.address), /^(127\.|::1)/);
  await assert.rejects(asked(new Guard(['example.com']), 'localhost'), Forbidden);
});

test('the operator allows addresses and networks, and these only', () => {
  const guard = new Guard(['10.1.0.0/16', '127.0.0.1', 'fd00::/8']);
  for (const url of ['http://10.1.2.3/', 'http://127.0.0.1/', 'http://[fd12::1]/']) guard.check(url);
  for (const url of ['http://10.2.0.1/', 'http://127.0.0.2/', 'http://[fe80::1]/'])
    assert.throws(() => guard.check(url), Forbidden, url);
});

test('what may be allowed is a name, an address or a network; which of them are loopback is known', () => {
  for (const entry of ['10.0.0.0/8', '::1', 'fd00::/8', 'host.internal', 'minio'])
    assert.ok(isAllowable(entry), entry);
  for (const entry of ['10.0.0.0/33', '1.2.3', 'a b', 'http://x', 'x/8', ''])
    assert.ok(!isAllowable(entry), entry);
  for (const entry of [
    'localhost',
    'a.localhost',
    '127.0.0.1',
    '127.1.2.3',
    '127.0.0.0/8',
    '0.0.0.0/0',
    '::/0',
    '::1',
  ])
    assert.ok(allowsLoopback(entry), entry);
  for (const entry of ['10.0.0.0/8', 'example.com', 'fd00::/8']) assert.ok(!allowsLoopback(entry), entry);
});
