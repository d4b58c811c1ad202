import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDevice, namedDevice, selectDevice } from '../../../src/api/selection.ts';
import { Failure } from '../../../src/errors.ts';
import { hostileIds } from '../../support/hostile.ts';
import { InMemoryDevices } from '../../support/in-memory-devices.ts';

const failing = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;

test('the header comes before the query, and the only device needs neither', () => {
  const devices = new InMemoryDevices();
  devices.add('a');
  assert.equal(selectDevice(devices, {}).id, 'a');
  devices.add('b');
  assert.equal(selectDevice(devices, { header: 'a', query: 'b' }).id, 'a');
  assert.equal(selectDevice(devices, { header: '', query: 'b' }).id, 'b');
  assert.throws(() => selectDevice(devices, {}), failing('DEVICE_ID_REQUIRED'));
  assert.throws(() => selectDevice(new InMemoryDevices(), {}), failing('DEVICE_ID_REQUIRED'));
});

test('a device is found by its id, by its account and by its own JID, URL-encoded in the header or not', () => {
  const devices = new InMemoryDevices();
  devices.add('a', { jid: '15551234567:3@s.whatsapp.net' });
  devices.add('b');
  for (const name of ['a', '15551234567@s.whatsapp.net', '15551234567:3@s.whatsapp.net']) {
    assert.equal(selectDevice(devices, { header: name }).id, 'a');
    assert.equal(selectDevice(devices, { header: encodeURIComponent(name) }).id, 'a');
    assert.equal(selectDevice(devices, { query: name }).id, 'a');
    assert.equal(findDevice(devices, name).id, 'a');
  }
});

test('a name that could not be a device is refused before anything is looked up', () => {
  const devices = new InMemoryDevices();
  devices.find = () => assert.fail('looked up');
  for (const id of hostileIds) {
    assert.throws(() => findDevice(devices, id), failing('INVALID_DEVICE_ID'), id);
    assert.throws(() => namedDevice({ header: encodeURIComponent(id) }), failing('INVALID_DEVICE_ID'), id);
    assert.throws(() => namedDevice({ query: id }), failing('INVALID_DEVICE_ID'), id);
  }
  assert.throws(() => namedDevice({ header: '%zz' }), failing('INVALID_DEVICE_ID'));
});

test('an unknown device is not found, and the answer repeats its name', () => {
  assert.throws(
    () => findDevice(new InMemoryDevices(), 'nobody'),
    (error: unknown) =>
      error instanceof Failure && error.status === 404 && error.results?.device_id === 'nobody',
  );
});
