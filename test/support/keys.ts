// The installation's key of the tests, and what it opens.
import { KeyRing } from '../../src/lib/key-ring.ts';
import { Seal } from '../../src/lib/seal.ts';
import type { Sql } from '../../src/store/database.ts';
import { DeviceSeals } from '../../src/store/device-seals.ts';

export const TEST_KEY = Buffer.alloc(32, 'the installation key of the tests');
/** As SEALING_KEYS has it. */
export const TEST_KEYS = TEST_KEY.toString('base64');

export const testRing = new KeyRing([TEST_KEY]);

export function testSeals(sql: Sql): DeviceSeals {
  return new DeviceSeals(sql, testRing);
}

/** For what is secret of endpoints that are for all devices. */
export const webhookSeal = () => new Seal(TEST_KEY);
