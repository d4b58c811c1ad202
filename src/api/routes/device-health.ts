// How a device is, measured in its thread at the moment of asking; gowa has nothing like it.
import { z } from '@hono/zod-openapi';
import type { health } from '../../device/commands/health.ts';
import type { HealthReport } from '../../shard/protocol.ts';
import { listedDevice, reasons } from '../device-shape.ts';
import { commandFailures } from '../failures.ts';
import type { AddRoute } from '../route.ts';

const whole = z.number().int();
const time = z.iso.datetime().optional();

const deviceHealth = z
  .object({
    device_id: z.string().openapi({ example: 'sales' }),
    state: listedDevice.shape.state,
    degraded: z.boolean().openapi({
      description: 'Something is wrong with it, or was until a moment ago: with `reasons` empty it recovers.',
    }),
    reasons,
    connected_since: time,
    last_inbound_at: time.openapi({ description: 'When the last stanza came.' }),
    last_pong_at: time.openapi({ description: 'When a ping was last answered.' }),
    last_ack_at: time.openapi({ description: 'When WhatsApp last acknowledged a message of ours.' }),
    ping_ms: whole.optional().openapi({ description: 'The last round trip.' }),
    ping_smoothed_ms: whole.optional(),
    decrypt_failures: whole.openapi({ description: 'Of the last messages, so many could not be decrypted.' }),
    decrypts: whole.openapi({ description: 'How many these are: at most 50, of the last 15 minutes.' }),
    reconnects_last_hour: whole,
    messages_waiting: whole.openapi({ description: 'Stanzas that came and are not handled yet.' }),
    awaiting_ack: whole.openapi({ description: 'Messages that left and are not acknowledged.' }),
    awaiting_ack_ms: whole.optional().openapi({ description: 'How long the oldest of them waits.' }),
    oldest_event_ms: whole.optional().openapi({
      description: 'How old the oldest event is that is not in the journal yet.',
    }),
  })
  .openapi('DeviceHealth');

export function deviceHealthRoute(add: AddRoute): void {
  add(
    {
      id: 'getDeviceHealth',
      method: 'get',
      path: '/devices/{device_id}/health',
      tag: 'device',
      scope: 'read',
      summary: 'How well a device is, measured now',
      device: 'path',
      results: deviceHealth,
      failures: commandFailures,
    },
    async ({ device, devices, command }) => {
      const report = await devices.command<typeof health>(device.id, 'health', {}, command);
      return {
        message: 'Device health',
        results: { device_id: device.id, state: device.phase, ...toHealth(report) },
      };
    },
  );
}

function toHealth(report: HealthReport): Omit<z.input<typeof deviceHealth>, 'device_id' | 'state'> {
  const at = <K extends string>(name: K, since: number | undefined) =>
    since === undefined ? {} : ({ [name]: new Date(since).toISOString() } as Record<K, string>);
  const lasting = <K extends string>(name: K, value: number | undefined) =>
    value === undefined ? {} : ({ [name]: Math.round(value) } as Record<K, number>);
  return {
    degraded: report.degraded,
    reasons: [...report.complaints],
    ...at('connected_since', report.connectedSince),
    ...at('last_inbound_at', report.lastInboundAt),
    ...at('last_pong_at', report.lastPongAt),
    ...at('last_ack_at', report.lastAckAt),
    ...lasting('ping_ms', report.pingMs),
    ...lasting('ping_smoothed_ms', report.pingSmoothMs),
    decrypt_failures: report.decrypts.failed,
    decrypts: report.decrypts.of,
    reconnects_last_hour: report.reconnectsLastHour,
    messages_waiting: report.unhandled,
    awaiting_ack: report.awaitingAck,
    ...lasting('awaiting_ack_ms', report.awaitingAckMs),
    ...lasting('oldest_event_ms', report.oldestEventMs),
  };
}
