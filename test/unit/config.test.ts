import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  ConfigError,
  describeSettings,
  envName,
  isLoopback,
  printConfig,
  readConfig,
  type SettingName,
  settings,
} from '../../src/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'cardume-config-'));
after(() => rmSync(folder, { recursive: true }));
const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const caFile = join(folder, 'ca.pem');
const noCaFile = join(folder, 'not-a-ca.pem');
writeFileSync(caFile, pem);
writeFileSync(noCaFile, 'hello');

interface Row {
  /** Texts of the environment, and what they mean. */
  readonly right: readonly (readonly [text: string, value: unknown])[];
  readonly wrong: readonly string[];
  readonly fallback: unknown;
  /** What else must be set for a right value to be accepted. */
  readonly besides?: Record<string, string>;
}

const whole = (min: number, max: number, fallback: number): Row => ({
  right: [
    [String(min), min],
    [String(max), max],
    [` ${max} `, max],
  ],
  wrong: [String(min - 1), String(max + 1), '1.5', '0x10', '1e2', 'ten', '9'.repeat(30), '½', `+${max}`],
  fallback,
});
const key = 'ab'.repeat(32);
const sealing = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const [newer = '', older = ''] = sealing.map(bytes => bytes.toString('base64'));
const keysFile = join(folder, 'keys');
writeFileSync(keysFile, `${newer}\n${older}\n`);

/** One row per setting: the compiler asks for a row when a setting is added. */
const table: Record<SettingName, Row> = {
  host: {
    right: [
      ['127.0.0.1', '127.0.0.1'],
      ['::1', '::1'],
      ['localhost', 'localhost'],
    ],
    wrong: ['http://localhost', 'local host', '-x', '[::1]', 'a_b', '0.0.0.0/0', 'a'.repeat(300)],
    fallback: '127.0.0.1',
  },
  port: whole(0, 65_535, 3000),
  workers: whole(1, 64, availableParallelism()),
  dbUri: {
    right: [
      ['postgres://u:p@h:5432/d', 'postgres://u:p@h:5432/d'],
      ['postgresql://h/d', 'postgresql://h/d'],
    ],
    wrong: ['mysql://u:p@h/d', 'h:5432', 'not a url'],
    fallback: undefined,
  },
  dataDir: { right: [['some/where', resolve('some/where')]], wrong: [], fallback: resolve('data') },
  appBasicAuth: {
    right: [
      ['ann:s:cret', [{ user: 'ann', password: 's:cret' }]],
      [
        'ann:one, bob:two,',
        [
          { user: 'ann', password: 'one' },
          { user: 'bob', password: 'two' },
        ],
      ],
    ],
    wrong: ['ann', 'ann:', ':secret', 'ann:one,bob', ','],
    fallback: [],
  },
  apiKeys: {
    right: [['12345678, abcdefgh', ['12345678', 'abcdefgh']]],
    wrong: ['short', '12345678,short', ','],
    fallback: [],
  },
  appBasePath: {
    right: [
      ['/whatsapp', '/whatsapp'],
      ['a/b/', '/a/b'],
      ['/', ''],
    ],
    wrong: ['/a b', '/../x', '/a/./b', 'http://x/y', '/%2f', '/a?b', '/.hidden'],
    fallback: '',
  },
  appCorsAllowedOrigins: {
    right: [
      ['https://a.example', ['https://a.example']],
      ['https://a.example:8443/, http://localhost:5173', ['https://a.example:8443', 'http://localhost:5173']],
    ],
    wrong: ['*', 'null', 'a.example', 'https://a.example/x', 'ftp://a.example', ','],
    fallback: [],
  },
  rateLimit: whole(0, 10_000_000, 60_000),
  sendLimit: whole(0, 1_000_000, 3_000),
  streamLimit: whole(1, 100_000, 1_000),
  streamsPerKey: whole(1, 100_000, 100),
  auditDays: whole(1, 36_500, 90),
  trustedProxies: {
    right: [['127.0.0.1, 10.0.0.0/8, fd00::/8', ['127.0.0.1', '10.0.0.0/8', 'fd00::/8']]],
    wrong: ['localhost', '10.0.0.0/33', '10.0.0.0/8/8', '::1/129', '10.0.0.1/', ','],
    fallback: [],
  },
  sealingKeysFile: { right: [[keysFile, sealing]], wrong: [caFile], fallback: undefined },
  sealingKeys: {
    right: [
      [newer, [sealing[0]]],
      [`${newer}, ${older}`, sealing],
    ],
    wrong: [',', 'secret', newer.slice(0, -1), `${newer}=`, `${newer},${newer}`, newer.slice(4), key],
    fallback: [],
  },
  webhookUrl: {
    right: [
      ['https://a.example/hook?x=1', ['https://a.example/hook?x=1']],
      ['http://a.example, https://b.example', ['http://a.example', 'https://b.example']],
    ],
    wrong: ['ftp://a.example', 'a.example', 'https://a.example,nonsense', ','],
    fallback: [],
  },
  webhookSecret: { right: [['12345678', '12345678']], wrong: ['1234567'], fallback: undefined },
  webhookEvents: {
    right: [['message, message.ack', ['message', 'message.ack']]],
    wrong: [','],
    fallback: [],
  },
  webhookInsecureSkipVerify: {
    right: [
      ...['true', 'YES', 'on', '1'].map(text => [text, true] as const),
      ...['false', 'No', 'off', '0'].map(text => [text, false] as const),
    ],
    wrong: ['2', 'maybe', 'constructor', '__proto__', 'toString'],
    fallback: false,
  },
  webhookAllow: {
    right: [['n8n, 10.0.0.0/8,::1', ['n8n', '10.0.0.0/8', '::1']]],
    wrong: ['http://n8n', '10.0.0.0/99', ','],
    fallback: [],
  },
  chatRetentionDays: {
    right: [
      ['0', 0],
      ['365', 365],
    ],
    wrong: ['-1', '1.5', 'forever', '100000'],
    fallback: undefined,
  },
  journalDays: {
    right: [
      ['1', 1],
      ['365', 365],
    ],
    wrong: ['0', '-1', '1.5', '3651'],
    fallback: 7,
  },
  logLevel: {
    right: [
      ['warn', 'warn'],
      ['DEBUG', 'debug'],
    ],
    wrong: ['verbose', '30'],
    fallback: 'info',
  },
  waSocketUrl: {
    right: [['ws://127.0.0.1:1/ws/chat', 'ws://127.0.0.1:1/ws/chat']],
    wrong: ['http://127.0.0.1', 'web.whatsapp.com'],
    fallback: undefined,
  },
  waRootKey: {
    right: [[key.toUpperCase(), key]],
    wrong: ['ab', `${key}ab`, 'xy'.repeat(32)],
    fallback: undefined,
    besides: { WA_SOCKET_URL: 'ws://127.0.0.1:1' },
  },
  waMediaUrl: {
    right: [['https://127.0.0.1:1/', 'https://127.0.0.1:1/']],
    wrong: ['http://127.0.0.1', 'media', 'wss://x'],
    fallback: undefined,
  },
  waCaFile: { right: [[caFile, pem]], wrong: [noCaFile], fallback: undefined },
  proxyUrl: {
    right: [
      ['http://u:p@h:3128', 'http://u:p@h:3128'],
      ['socks5://h:1080', 'socks5://h:1080'],
    ],
    wrong: ['ftp://h', 'h:3128', 'socks4://h:1080'],
    fallback: undefined,
  },
  proxyAllow: {
    right: [['127.0.0.1, proxy.local,10.0.0.0/8', ['127.0.0.1', 'proxy.local', '10.0.0.0/8']]],
    wrong: ['10.0.0.0/99', 'http://proxy', ','],
    fallback: [],
  },
  deviceName: { right: [['Cardume', 'Cardume']], wrong: ['x'.repeat(51)], fallback: 'Mac OS' },
  presenceOnConnect: {
    right: [
      ['available', 'available'],
      ['NONE', 'none'],
    ],
    wrong: ['online'],
    fallback: 'unavailable',
  },
  autoMarkRead: { right: [['true', true]], wrong: ['maybe'], fallback: false },
  autoRejectCall: { right: [['true', true]], wrong: ['maybe'], fallback: false },
  autoReply: { right: [['Back soon', 'Back soon']], wrong: ['x'.repeat(4_097)], fallback: '' },
  connectsPerSecond: whole(1, 1000, 10),
  connectBurst: whole(1, 1000, 20),
  commandSeconds: whole(1, 600, 45),
  drainSeconds: whole(1, 600, 25),
  leaseSeconds: whole(2, 300, 15),
  shardHeapMb: whole(128, 8192, 512),
  shardConnections: whole(1, 32, 2),
  mainConnections: whole(2, 64, 4),
  maxImageMb: whole(1, 100, 20),
  maxVideoMb: whole(1, 2000, 100),
  maxAudioMb: whole(1, 2000, 16),
  maxFileMb: whole(1, 2000, 50),
  maxUrlMb: whole(1, 2000, 500),
  urlAllow: {
    right: [
      ['10.0.0.0/8, minio,::1', ['10.0.0.0/8', 'minio', '::1']],
      ['files.internal', ['files.internal']],
    ],
    wrong: [',', '10.0.0.0/33', 'http://minio', 'a b', 'minio:9000', '1.2.3'],
    fallback: [],
  },
  ffmpeg: {
    right: [
      ['ffmpeg', 'ffmpeg'],
      ['/opt/ffmpeg/bin/ffmpeg', '/opt/ffmpeg/bin/ffmpeg'],
    ],
    wrong: [],
    fallback: 'ffmpeg',
  },
  mediaCacheMb: whole(1, 1_000_000, 2000),
  mediaCacheHours: whole(1, 8760, 24),
  mediaLinkSeconds: whole(10, 604_800, 300),
  mediaMemoryMb: whole(128, 8192, 512),
  failpoints: {
    right: [
      [
        'recv.after_commit:kill@2;send.after_wire:delay(500)',
        'recv.after_commit:kill@2;send.after_wire:delay(500)',
      ],
    ],
    wrong: [
      'recv.after_commit',
      'recv.nowhere:kill',
      'recv.after_commit:explode',
      'recv.after_commit:kill@0',
    ],
    fallback: undefined,
  },
};
const names = Object.keys(table) as SettingName[];

const messageOf = (env: Record<string, string>): string => {
  try {
    readConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message;
  }
  return assert.fail(`accepted: ${JSON.stringify(env)}`);
};

test('an empty environment gives every default, and an empty or blank value is as good as none', () => {
  for (const nothing of [undefined, '', '  ']) {
    const env = nothing === undefined ? {} : Object.fromEntries(names.map(name => [envName(name), nothing]));
    const config = readConfig(env);
    for (const name of names) assert.deepEqual(config[name], table[name].fallback, name);
  }
});

for (const name of names) {
  const { right, wrong, besides = {} } = table[name];
  const variable = envName(name);

  test(`${variable} takes what it should and refuses the rest by name, with what was expected and what was got`, () => {
    for (const [text, value] of right)
      assert.deepEqual(readConfig({ ...besides, [variable]: text })[name], value, text);
    for (const text of wrong) {
      const message = messageOf({ ...besides, [variable]: text });
      assert.ok(message.startsWith(`${variable}: expected ${settings[name].expected}, got `), message);
      if ('secret' in settings[name]) assert.ok(message.endsWith('got something else'), message);
      else assert.ok(message.endsWith(JSON.stringify(text)), message);
    }
  });

  test(`CARDUME_${variable} counts before ${variable}, and that before an alias`, () => {
    const { aliases = [] } = settings[name] as { aliases?: readonly string[] };
    const order = [`CARDUME_${variable}`, variable, ...aliases];
    const [text, value] = right[0]!;
    const bad = wrong[0];
    for (const [rank, first] of order.entries()) {
      const lower = order.slice(rank + 1).map(key => [key, bad ?? 'else/where']);
      const higher = order.slice(0, rank).map(key => [key, '']);
      const env = { ...besides, ...Object.fromEntries([...higher, ...lower]), [first]: text };
      assert.deepEqual(readConfig(env)[name], value, first);
      // A wrong value is reported under the name that it came by.
      if (bad !== undefined)
        assert.ok(messageOf({ ...besides, [first]: bad }).startsWith(`${first}: `), first);
    }
  });
}

test('all wrong settings are told at once, one a line', () => {
  const lines = messageOf({ PORT: 'x', WORKERS: '0', LOG_LEVEL: 'info', DB_URI: 'nonsense' }).split('\n');
  assert.deepEqual(
    lines.map(line => line.slice(0, line.indexOf(':'))),
    ['PORT', 'WORKERS', 'DB_URI'],
  );
});

test('an unknown CARDUME_ name is refused, an alias under that prefix and an empty one too', () => {
  for (const unknown of ['CARDUME_PROT', 'CARDUME_APP_PORT', 'CARDUME_', 'CARDUME_port'])
    for (const text of ['1', ''])
      assert.equal(messageOf({ [unknown]: text }), `${unknown}: no such setting; see --help`);
  readConfig({ PROT: '1', cardume_port: '1', PATH: '/bin' });
});

test('an address that others can reach needs a credential and sealing keys; loopback does not', () => {
  const outside = [
    '0.0.0.0',
    '::',
    '192.168.1.2',
    'example.org',
    '::ffff:127.0.0.1',
    '127.0.0.1.example.org',
  ];
  for (const host of outside) {
    assert.equal(isLoopback(host), false, host);
    const message = messageOf({ HOST: host });
    assert.match(message, /^HOST: .* expected APP_BASIC_AUTH or API_KEYS to be set, got neither$/);
    assert.ok(message.includes(host));
    const keyless = messageOf({ HOST: host, API_KEYS: '12345678' });
    assert.match(keyless, /^SEALING_KEYS_FILE: expected the keys that seal the database, .* got none/);
    const sealed = { SEALING_KEYS: newer };
    assert.equal(readConfig({ ...sealed, HOST: host, API_KEYS: '12345678' }).host, host);
    assert.equal(readConfig({ ...sealed, APP_HOST: host, APP_BASIC_AUTH: 'ann:secret' }).host, host);
    assert.equal(
      readConfig({ SEALING_KEYS_FILE: keysFile, HOST: host, API_KEYS: '12345678' }).sealingKeysFile?.length,
      2,
    );
  }
  for (const host of ['127.0.0.1', '127.8.9.1', '::1', 'localhost'])
    assert.equal(readConfig({ HOST: host }).host, host);
});

test('a root key without a server of its own would make WhatsApp untrusted, so it is refused', () => {
  assert.match(messageOf({ WA_ROOT_KEY: key }), /^WA_ROOT_KEY: expected WA_SOCKET_URL to be set with it/);
});

test('a certificate file that cannot be read is told with its path and the reason', () => {
  const path = join(folder, 'nowhere.pem');
  const message = messageOf({ WA_CA_FILE: path });
  assert.match(message, /^WA_CA_FILE: cannot read .*ENOENT/);
  assert.ok(message.includes(path));
});

test('no secret is repeated: not in a message, not in what --print-config prints', () => {
  const secret = 'hunter2hunter2';
  const right = {
    DB_URI: `postgres://u:${secret}@h/d`,
    APP_BASIC_AUTH: `ann:${secret}`,
    API_KEYS: secret,
    WEBHOOK_SECRET: secret,
    WEBHOOK_URL: `https://ann:${secret}@hooks.example/x, https://b.example`,
    WA_CA_FILE: caFile,
    SEALING_KEYS: newer,
  };
  const printed = printConfig(readConfig(right));
  assert.ok(!printed.includes(secret), printed);
  assert.ok(!printed.includes('BEGIN CERTIFICATE'), printed);
  assert.ok(!printed.includes(newer), printed);
  for (const line of ['DB_URI=***', 'API_KEYS=***', 'APP_BASIC_AUTH=***', 'WEBHOOK_SECRET=***'])
    assert.ok(printed.split('\n').includes(line), line);
  assert.match(printed, /^WEBHOOK_URL=https:\/\/ann:\*\*\*@hooks\.example\/x,https:\/\/b\.example$/m);

  const wrong = {
    DB_URI: `mysql://u:${secret}@h/d`,
    APP_BASIC_AUTH: secret,
    API_KEYS: `${secret},short`,
    WEBHOOK_SECRET: secret.slice(0, 7),
    WEBHOOK_URL: `ftp://ann:${secret}@hooks.example/x`,
  };
  for (const [name, text] of Object.entries(wrong)) {
    const message = messageOf({ [name]: text });
    assert.ok(!message.includes(secret.slice(0, 7)), message);
  }
});

test('what is printed names every setting once and can be read back', () => {
  const config = readConfig({ PORT: '0', WEBHOOK_EVENTS: 'message,message.ack', WORKERS: '3' });
  const lines = printConfig(config).split('\n');
  assert.deepEqual(
    lines.map(line => line.slice(0, line.indexOf('='))),
    names.map(envName),
  );
  const env = Object.fromEntries(
    lines.map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  assert.deepEqual(readConfig(env), config);
});

test('sealing keys come from one place, and a file that cannot be read is told with its path', () => {
  assert.equal(
    messageOf({ SEALING_KEYS: newer, SEALING_KEYS_FILE: keysFile }),
    'SEALING_KEYS: expected none with SEALING_KEYS_FILE, got both',
  );
  const path = join(folder, 'nowhere');
  assert.match(messageOf({ SEALING_KEYS_FILE: path }), /^SEALING_KEYS_FILE: cannot read .*nowhere: ENOENT/);
});

test('what is secret leaves the environment once it was read, under each of its names, and no thread has it', async () => {
  const secrets = {
    SEALING_KEYS: newer,
    CARDUME_SEALING_KEYS: newer,
    API_KEYS: '12345678',
    DATABASE_URL: 'postgres://u:p@h/d',
    WHATSAPP_WEBHOOK_SECRET: '12345678',
  };
  // What the runner of the tests has in its environment are no settings.
  const others = Object.entries(process.env).filter(([name]) => name.startsWith('CARDUME_'));
  for (const [name] of others) delete process.env[name];
  Object.assign(process.env, secrets, { PORT: '0' });
  try {
    const config = readConfig();
    assert.deepEqual(config.sealingKeys, [sealing[0]]);
    assert.equal(config.dbUri, 'postgres://u:p@h/d');
    for (const name of Object.keys(secrets)) assert.equal(process.env[name], undefined, name);
    const worker = new Worker("require('worker_threads').parentPort.postMessage({ ...process.env })", {
      eval: true,
    });
    const [environment] = (await once(worker, 'message')) as [Record<string, string>];
    assert.equal(environment.PORT, '0');
    for (const name of Object.keys(secrets)) assert.ok(!(name in environment), name);
  } finally {
    for (const name of [...Object.keys(secrets), 'PORT']) delete process.env[name];
    Object.assign(process.env, Object.fromEntries(others));
  }
});

test('the settings are frozen, and each is described', () => {
  assert.ok(Object.isFrozen(readConfig({})));
  const described = describeSettings();
  assert.deepEqual(
    described.map(({ name }) => name),
    names.map(envName),
  );
  for (const { doc, expected, shown, name } of described)
    assert.ok(doc.endsWith('.') && expected !== '' && shown !== '', name);
});
