// How a device behaves where nobody asks it, and how it is shown and connected.
import { z } from '@hono/zod-openapi';
import type { configure } from '../../device/commands/configure.ts';
import type { settingsGet } from '../../device/commands/settings-get.ts';
import type { AnswerOf, InputOf } from '../../shard/protocol.ts';
import { commandFailures } from '../failures.ts';
import type { AddRoute } from '../route.ts';
import { invalid } from '../validate.ts';

type Settings = AnswerOf<typeof settingsGet>;
type SettingsChange = InputOf<typeof configure>;

/** Of what a device says by itself, in characters. */
const LONGEST_ANSWER = 4_096;
/** A hundred years, where the process forgets sooner. */
const LONGEST_RETENTION = 36_500;
/** Days that events may be kept. */
const LONGEST_EVENTS = 3_650;
/** Stands for a password that is set; sent back with the same URL it means: leave it as it is. */
const MASK = '***';

const histories = ['none', 'recent', 'full'] as const;
/** Those that WhatsApp has a picture for (WAProto, DeviceProps.PlatformType). */
const browsers = ['Chrome', 'Firefox', 'Safari', 'Edge', 'Opera', 'IE', 'Desktop'] as const;

/** When a change is in force. */
const whens = ['now', 'next_connection', 'next_pairing'] as const;

/** Each field: the setting that it is, and when a change of it is in force. */
const fields = {
  proxy_url: ['proxy', 'next_connection'],
  reject_calls: ['rejectCalls', 'now'],
  reject_calls_message: ['rejectCallsMessage', 'now'],
  always_online: ['alwaysOnline', 'now'],
  auto_read: ['autoRead', 'now'],
  auto_reply: ['autoReply', 'now'],
  ignore_groups: ['ignoreGroups', 'now'],
  ignore_status: ['ignoreStatus', 'now'],
  ignore_channels: ['ignoreChannels', 'now'],
  history: ['history', 'next_pairing'],
  device_name: ['deviceName', 'next_pairing'],
  browser: ['browser', 'next_pairing'],
  chat_retention_days: ['chatRetentionDays', 'now'],
  event_retention: ['eventRetention', 'now'],
} as const satisfies Record<string, readonly [keyof Settings, (typeof whens)[number]]>;
type Field = keyof typeof fields;
const names = Object.keys(fields) as Field[];

const shape = {
  proxy_url: z.string().max(2_048).openapi({
    description:
      'http, https, socks5 or socks5h, with user and password if it takes them; empty: none. All that the device connects to goes through it.',
    example: 'socks5://user:***@proxy.example:1080',
  }),
  reject_calls: z.boolean(),
  reject_calls_message: z
    .string()
    .max(LONGEST_ANSWER)
    .openapi({ description: 'What a caller is told who was rejected; empty: nothing.' }),
  always_online: z
    .boolean()
    .openapi({ description: 'Others see it online; the phone shows no notifications meanwhile.' }),
  auto_read: z.boolean().openapi({ description: 'Marks every incoming message as read.' }),
  auto_reply: z.string().max(LONGEST_ANSWER).openapi({
    description: 'Answers whoever writes in a chat of two, at most once a minute; empty: nobody.',
  }),
  ignore_groups: z
    .boolean()
    .openapi({ description: 'No events of groups, and nothing of them in the chats.' }),
  ignore_status: z.boolean(),
  ignore_channels: z.boolean(),
  history: z.enum(histories).openapi({
    description: 'How much of the past is taken over from the phone when the device is linked.',
  }),
  device_name: z.string().max(50).openapi({
    description:
      "How the phone's list of linked devices calls it, beside the browser. A pairing by code shows the standard name.",
  }),
  browser: z.enum(['', ...browsers]).openapi({ description: 'Empty: the one that fits the history.' }),
  chat_retention_days: z.int().min(0).max(LONGEST_RETENTION).openapi({
    description:
      'For how many days messages are kept in the chat store; older ones are gone within ten minutes. 0 keeps none of what is said.',
  }),
  event_retention: z
    .preprocess(
      // In a form everything is text.
      value => (typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value),
      z.union([z.enum(['none', 'metadata']), z.int().min(1).max(LONGEST_EVENTS)]),
    )
    .openapi({
      description:
        'For how many days its events are kept; `none`: until they are delivered, `metadata`: then without what is in them. Both are done within ten minutes.',
    }),
} as const;

const settings = z.object({
  ...shape,
  chat_retention_days: shape.chat_retention_days.nullable().openapi({ description: 'null: for ever.' }),
  event_retention: shape.event_retention
    .nullable()
    .openapi({ description: 'null: as many days as the process keeps them (JOURNAL_DAYS).' }),
});
const change = z.object(
  Object.fromEntries(names.map(name => [name, shape[name].nullish()])) as {
    [K in Field]: z.ZodOptional<z.ZodNullable<(typeof shape)[K]>>;
  },
);
const results = z.object({ device_id: z.string(), settings });

export function settingsRoutes(add: AddRoute): void {
  add(
    {
      id: 'getDeviceSettings',
      method: 'get',
      path: '/devices/{device_id}/settings',
      tag: 'device',
      scope: 'devices',
      summary: 'How a device is set up',
      device: 'path',
      results,
      failures: [...commandFailures, 'DEVICE_STOPPED'],
    },
    async ({ device, devices, command }) => {
      const found = await devices.command<typeof settingsGet>(device.id, 'settings-get', {}, command);
      return { message: 'Device settings', results: { device_id: device.id, settings: shown(found) } };
    },
  );

  add(
    {
      id: 'updateDeviceSettings',
      method: 'patch',
      path: '/devices/{device_id}/settings',
      tag: 'device',
      scope: 'devices',
      summary: 'Set a device up: what is left out stays, null is as the process has it for all',
      device: 'path',
      body: change,
      forms: {
        reject_calls: 'boolean',
        always_online: 'boolean',
        auto_read: 'boolean',
        ignore_groups: 'boolean',
        ignore_status: 'boolean',
        ignore_channels: 'boolean',
        chat_retention_days: 'number',
      },
      results: results.extend({
        applies: z
          .record(z.string(), z.enum(whens))
          .openapi({ description: 'When each setting that was given is in force.' }),
      }),
      failures: [...commandFailures, 'DEVICE_STOPPED'],
    },
    async ({ device, devices, body, command }) => {
      const asked = names.filter(name => body[name] !== undefined);
      if (asked.length === 0) throw invalid('body', 'names no setting to change');
      const ask = async () => devices.command<typeof settingsGet>(device.id, 'settings-get', {}, command);
      const wanted: Record<string, unknown> = {};
      for (const name of asked) wanted[fields[name][0]] = body[name];
      if (typeof body.proxy_url === 'string') wanted.proxy = checkedProxy(body.proxy_url);
      if (body.proxy_url?.includes(`:${MASK}@`)) wanted.proxy = unmasked(body.proxy_url, (await ask()).proxy);
      const found = await devices.command<typeof configure>(
        device.id,
        'configure',
        wanted as SettingsChange,
        command,
      );
      const applies = Object.fromEntries(asked.map(name => [name, fields[name][1]]));
      return {
        message: 'Device settings updated',
        results: { device_id: device.id, settings: shown(found), applies },
      };
    },
  );
}

/** The URL of a proxy as it may be stored. Fails with VALIDATION_ERROR. */
function checkedProxy(written: string): string {
  const text = written.trim();
  if (text === '') return '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const { protocol = '', hostname = '', pathname = '', search = '', hash = '' } = url ?? {};
  const bare = (pathname === '' || pathname === '/') && search === '' && hash === '';
  if (url && /^(?:https?|socks5h?):$/.test(protocol) && hostname !== '' && bare) return text;
  throw invalid('proxy_url', 'expected a URL such as http://user:password@host:3128 or socks5://host:1080');
}

/** The URL with the password that is stored, if it is the same URL. Fails with VALIDATION_ERROR. */
function unmasked(given: string, stored: string): string {
  if (stored !== '' && masked(stored) === given.trim()) return stored;
  throw invalid('proxy_url', 'has no password; *** stands for the one of the URL that is set');
}

const masked = (url: string) => url.replace(/^([a-z0-9]+:\/\/[^:/@]*):[^/]*@/, `$1:${MASK}@`);

function shown(found: Settings): z.input<typeof settings> {
  const named = Object.fromEntries(names.map(name => [name, found[fields[name][0]]]));
  return { ...named, proxy_url: masked(found.proxy) } as z.input<typeof settings>;
}
