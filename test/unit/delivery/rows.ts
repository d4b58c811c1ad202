// A lane that is due, as the database tells it.
import type { LaneRow } from '../../../src/delivery/lane.ts';
import type { OpenEndpoint } from '../../../src/delivery/secrets.ts';

export type Row = LaneRow & OpenEndpoint;

export const row = (change: Partial<Row> = {}): Row => ({
  ...{ endpointNo: 1, webhookId: 'whk_1', source: 'settings', url: 'http://127.0.0.1/', ofDevice: null },
  ...{ secrets: [], headers: null, openHeaders: {}, skipTlsVerify: false, payload: 'fat', strict: false },
  ...{ events: [], chats: [], direction: 'any', own: true, batchEvents: 1, batchMs: 1_000 },
  ...{ maxInFlight: 8, timeoutMs: 15_000, fails: 0, firstFailAt: null, lastOkAt: null, warned: false },
  ...{ breakerUntil: null, deviceNo: 1, deviceId: 'sales', replay: false, cursor: 10, until: null, upto: 10 },
  ...{ attempt: 0, refused: 0, frozenTo: null, run: 0 },
  ...change,
});
