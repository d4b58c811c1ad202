import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callerAddress, neighbourhood } from '../../../src/api/address.ts';

test('nobody is believed who says for whom it calls, unless it is a proxy of ours', () => {
  const plain = callerAddress([]);
  assert.equal(plain('192.0.2.1', '198.51.100.7'), '192.0.2.1');
  assert.equal(plain('::ffff:127.0.0.1', undefined), '127.0.0.1');
  assert.equal(plain(undefined, '198.51.100.7'), 'unknown');

  const behind = callerAddress(['10.0.0.0/8', '::1']);
  const table: [string, string | undefined, string][] = [
    ['10.1.2.3', '198.51.100.7', '198.51.100.7'],
    ['::ffff:10.1.2.3', '198.51.100.7', '198.51.100.7'],
    ['::1', '2001:db8::7', '2001:db8::7'],
    ['10.1.2.3', '203.0.113.9, 198.51.100.7, 10.9.9.9', '198.51.100.7'],
    ['10.1.2.3', undefined, '10.1.2.3'],
    ['10.1.2.3', 'nonsense', '10.1.2.3'],
    ['10.1.2.3', '198.51.100.7, <script>', '10.1.2.3'],
    ['10.1.2.3', ',,', '10.1.2.3'],
    ['10.1.2.3', '10.0.0.1', '10.0.0.1'],
    ['192.0.2.1', '198.51.100.7', '192.0.2.1'],
  ];
  for (const [remote, forwarded, expected] of table)
    assert.equal(behind(remote, forwarded), expected, `${remote} for ${forwarded}`);
});

test('of IPv6 the first half is a neighbourhood, however it is written', () => {
  for (const address of ['2001:db8::1', '2001:db8:0:0:ffff::9', '2001:db8:0:0:1:2:3:4', '2001:db8::1%eth0'])
    assert.equal(neighbourhood(address), '2001:db8:0:0');
  assert.equal(neighbourhood('::1'), '0:0:0:0');
  assert.equal(neighbourhood('192.0.2.1'), '192.0.2.1');
});
