/**
 * Every setting, in one table: its name, how it is read, its default and its page of documentation. `config.ts` reads them;
 * `docs/configuration.md` and `--help` are printed from here.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseFailpoints } from './lib/failpoint.ts';
import { isAllowable } from './lib/guard.ts';
import { parseKeys } from './lib/key-file.ts';
import { choice, integer, text, unfit, urlOf, words, yesNo } from './lib/setting.ts';

/** A wrong setting. `main` prints the sentence and exits 78 (EX_CONFIG). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

function hostOf(value: string): string {
  return isIP(value) > 0 || /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,252})$/.test(value) ? value : unfit();
}

function basicAuth(value: string): readonly { user: string; password: string }[] {
  return words(value).map(pair => {
    const colon = pair.indexOf(':');
    return colon > 0 && colon < pair.length - 1
      ? { user: pair.slice(0, colon), password: pair.slice(colon + 1) }
      : unfit();
  });
}

/** A path without a slash at its end; the root is no path at all. */
function basePathOf(value: string): string {
  const parts = value.split('/').filter(part => part !== '');
  const plain = parts.every(part => /^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$/.test(part));
  return plain ? parts.map(part => `/${part}`).join('') : unfit();
}

function originOf(value: string): string {
  const origin = URL.canParse(value) ? new URL(value).origin : 'null';
  return /^https?:/.test(origin) && (value === origin || value === `${origin}/`) ? origin : unfit();
}

function isNetwork(value: string): boolean {
  const [address = '', bits, more] = value.split('/');
  const longest = isIP(address) === 6 ? 128 : 32;
  return (
    isIP(address) > 0 &&
    more === undefined &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest))
  );
}

/** A setting that names a file: what the file says is its value. */
function fileFor<T>(name: string, parse: (text: string) => T): (path: string) => T {
  return path => {
    let content: string;
    try {
      content = readFileSync(path, 'utf8');
    } catch (cause) {
      throw new ConfigError(`${name}: cannot read ${path}: ${(cause as Error).message}`, { cause });
    }
    return parse(content);
  };
}

const pem = (content: string) => (content.includes('-----BEGIN CERTIFICATE-----') ? content : unfit());

function keysOf(value: string): readonly Buffer[] {
  try {
    return parseKeys(value);
  } catch {
    return unfit(); // the sentence names what was expected; what was got is a secret
  }
}

function failpointRules(value: string): string {
  try {
    parseFailpoints(value);
  } catch {
    return unfit();
  }
  return value;
}

export const settings = {
  host: text(
    hostOf,
    '127.0.0.1',
    'an IP address or a host name',
    '127.0.0.1',
    'Address that the HTTP API listens on. Any address but loopback refuses to start without `APP_BASIC_AUTH` or `API_KEYS`.',
    { aliases: ['APP_HOST'] },
  ),
  port: integer(0, 65_535, 3000, 'Port of the HTTP API; 0 takes a free one.', { aliases: ['APP_PORT'] }),
  workers: integer(
    1,
    64,
    availableParallelism,
    'Shards: worker threads that host the devices. One more thread is kept warm as a spare.',
    { shown: 'number of cores' },
  ),
  dbUri: text<string | undefined>(
    urlOf('postgres:', 'postgresql:'),
    undefined,
    'a URL like postgres://user:password@host:5432/database',
    'an embedded PostgreSQL in `DATA_DIR`',
    'The PostgreSQL database that holds everything.',
    { aliases: ['DATABASE_URL'], secret: true },
  ),
  dataDir: text(
    path => resolve(path),
    resolve('data'),
    'a folder',
    './data',
    'Folder of the embedded database, of the key that is made where none is given, and of files on their way (`media`).',
  ),
  appBasicAuth: text(
    basicAuth,
    [],
    'user:password pairs separated by commas',
    'none',
    'Users of the HTTP API by basic auth.',
    { secret: true },
  ),
  apiKeys: text(
    value => words(value).map(key => (key.length >= 8 ? key : unfit())),
    [],
    'keys of at least 8 characters separated by commas',
    'none',
    'Keys of the HTTP API that may do everything, sent as `Authorization: Bearer <key>` or `X-API-Key: <key>`. Others are made with `POST /keys`.',
    { secret: true },
  ),
  appBasePath: text(
    basePathOf,
    '',
    'a path like /whatsapp',
    'none',
    'Everything is served below this path, for a proxy that passes it on; `/health` answers at the root as well.',
  ),
  appCorsAllowedOrigins: text(
    value => words(value).map(originOf),
    [],
    'origins like https://ops.example.com separated by commas',
    'none',
    'Web pages of these origins may call the API, with a credential in the `Authorization` header; no others may.',
  ),
  rateLimit: integer(
    0,
    10_000_000,
    60_000,
    'Requests per minute of one API key or user; that many may also come at once. 0 is no limit.',
  ),
  sendLimit: integer(
    0,
    1_000_000,
    3_000,
    'Messages per minute of one device; that many may also come at once. WhatsApp tolerates far less in the long run. 0 is no limit.',
  ),
  streamLimit: integer(
    1,
    100_000,
    1_000,
    'Readers of events that a node holds at once, over HTTP and WebSockets together, and as many WebSockets; one more is refused (503 `STREAMS_FULL`).',
  ),
  streamsPerKey: integer(
    1,
    100_000,
    100,
    'How many of them one API key or user may have at a node; one more is refused (429 `TOO_MANY_STREAMS`).',
  ),
  auditDays: integer(1, 36_500, 90, 'Days that the audit log is kept.'),
  trustedProxies: text(
    value => words(value).map(entry => (isNetwork(entry) ? entry : unfit())),
    [],
    'IP addresses or networks like 10.0.0.0/8, separated by commas',
    'none',
    'Reverse proxies whose `X-Forwarded-For` says who calls: for the limit of wrong keys per address, and for the audit log.',
    { aliases: ['APP_TRUSTED_PROXIES'] },
  ),
  sealingKeysFile: text<readonly Buffer[] | undefined>(
    fileFor('SEALING_KEYS_FILE', keysOf),
    undefined,
    'a file with one key (base64 of 32 bytes) per line',
    'none',
    'File with the keys that seal everything secret in the database, newest first: the first seals, all open. Any address but loopback needs this or `SEALING_KEYS`; without either a key is made and kept in `DATA_DIR/sealing.key`.',
    { secret: true },
  ),
  sealingKeys: text(
    keysOf,
    [],
    'keys (base64 of 32 bytes each) separated by commas, each once',
    'none',
    'The same keys in the environment, where others may read them: prefer `SEALING_KEYS_FILE`.',
    { secret: true },
  ),
  webhookUrl: text(
    value => words(value).map(urlOf('http:', 'https:')),
    [],
    'http or https URLs separated by commas',
    'none',
    'Where events are delivered; several receive each event.',
    { aliases: ['WHATSAPP_WEBHOOK'] },
  ),
  webhookSecret: text<string | undefined>(
    value => (value.length >= 8 ? value : unfit()),
    undefined,
    'at least 8 characters',
    'generated once and kept in the database',
    'Signs deliveries. A `whsec_` value is used as Standard Webhooks defines it.',
    { aliases: ['WHATSAPP_WEBHOOK_SECRET'], secret: true },
  ),
  webhookEvents: text(
    words,
    [],
    'event names separated by commas',
    'all',
    'Only these events go to `WEBHOOK_URL`.',
    { aliases: ['WHATSAPP_WEBHOOK_EVENTS'] },
  ),
  webhookInsecureSkipVerify: yesNo(false, 'Deliver to `WEBHOOK_URL` without checking its TLS certificate.', {
    aliases: ['WHATSAPP_WEBHOOK_INSECURE_SKIP_VERIFY'],
  }),
  webhookAllow: text(
    value => words(value).map(entry => (isAllowable(entry) ? entry : unfit())),
    [],
    'host names, addresses and networks (10.0.0.0/8) separated by commas',
    'none',
    'Where webhooks that callers of the API make may lead beside the public internet. A host that is named, and an address, may also be asked by http and on any port. `WEBHOOK_URL` may be anywhere.',
  ),
  chatRetentionDays: text<number | undefined>(
    value => (/^\d{1,5}$/.test(value) ? Number(value) : unfit()),
    undefined,
    'a whole number of days',
    'for ever',
    'How long messages are kept in the chat store. 0 keeps none: chats, names and the key of the newest message of each are all there is then. A device may have its own days (`PATCH /devices/{device_id}/settings`, `chat_retention_days`).',
  ),
  journalDays: integer(
    1,
    3650,
    7,
    'Days that events are kept, to be delivered late, replayed, and read again. What an endpoint has not taken by then becomes a dead letter. A device may have its own (`PATCH /devices/{device_id}/settings`, `event_retention`).',
  ),
  logLevel: choice(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'info',
    'Least severe log line that is written (JSON, to standard output).',
  ),
  waSocketUrl: text<string | undefined>(
    urlOf('ws:', 'wss:'),
    undefined,
    'a ws:// or wss:// URL',
    "WhatsApp's own server",
    'Another server than WhatsApp to connect devices to, such as the simulator.',
  ),
  waRootKey: text<string | undefined>(
    value => (/^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : unfit()),
    undefined,
    '64 hexadecimal digits (32 bytes)',
    "WhatsApp's own key",
    'Root public key to trust for `WA_SOCKET_URL`.',
  ),
  waMediaUrl: text<string | undefined>(
    urlOf('https:'),
    undefined,
    'an https:// URL',
    "WhatsApp's own media hosts",
    'Another server than WhatsApp’s media hosts to download files from, such as the one of the simulator.',
  ),
  waCaFile: text<string | undefined>(
    fileFor('WA_CA_FILE', pem),
    undefined,
    'a PEM file with a certificate',
    "the system's authorities",
    'Certificate to trust for the TLS of `WA_SOCKET_URL` and `WA_MEDIA_URL`.',
  ),
  proxyUrl: text<string | undefined>(
    urlOf('http:', 'https:', 'socks5:', 'socks5h:'),
    undefined,
    'a URL like http://user:password@host:3128 or socks5://host:1080',
    'none',
    'Proxy for the connections of devices that have none of their own (`PATCH /devices/{device_id}/settings`).',
    { aliases: ['WHATSAPP_PROXY'], secret: true },
  ),
  proxyAllow: text(
    value => words(value).map(entry => (isAllowable(entry) ? entry : unfit())),
    [],
    'host names, addresses and networks (10.0.0.0/8) separated by commas',
    'none',
    "Where devices' own proxies may be beside the public internet. `PROXY_URL` may be anywhere.",
  ),
  deviceName: text(
    value => (value.length <= 50 ? value : unfit()),
    'Mac OS',
    'at most 50 characters',
    'Mac OS',
    "How devices are called in a phone's list of linked devices, beside the browser; a device may have its own.",
    { aliases: ['APP_OS'] },
  ),
  presenceOnConnect: choice(
    ['unavailable', 'available', 'none'],
    'unavailable',
    'Whether devices are online while they are connected: `available` stops the notifications on the phone. `none` is the same as `unavailable`. A device may have its own.',
    { aliases: ['WHATSAPP_PRESENCE_ON_CONNECT'] },
  ),
  autoMarkRead: yesNo(false, 'Mark every incoming message as read. A device may have its own.', {
    aliases: ['WHATSAPP_AUTO_MARK_READ'],
  }),
  autoRejectCall: yesNo(false, 'Reject every incoming call. A device may have its own.', {
    aliases: ['WHATSAPP_AUTO_REJECT_CALL'],
  }),
  autoReply: text(
    value => (value.length <= 4_096 ? value : unfit()),
    '',
    'a text of at most 4096 characters',
    'none',
    'Text that answers whoever writes to a device in a chat of two, at most once a minute. A device may have its own.',
    { aliases: ['WHATSAPP_AUTO_REPLY'] },
  ),
  connectsPerSecond: integer(
    1,
    1000,
    10,
    'Most connections to WhatsApp that this process starts per second, over all shards.',
  ),
  connectBurst: integer(
    1,
    1000,
    20,
    'Connections that may start at once before `CONNECTS_PER_SECOND` holds.',
  ),
  commandSeconds: integer(1, 600, 45, 'Longest that a request waits for WhatsApp or for a restarting shard.'),
  drainSeconds: integer(1, 600, 25, 'Longest that a stop waits for running requests, sockets and events.'),
  leaseSeconds: integer(
    2,
    300,
    15,
    'A node that the database has not heard from for so long has lost its devices: it closes them a fifth earlier, and then another node takes them, or its own next start after a crash. Renewed every third of it.',
  ),
  shardHeapMb: integer(
    128,
    8192,
    512,
    'Hard limit of the JavaScript heap of one shard; at 75 % of it the shard is drained and replaced.',
  ),
  shardConnections: integer(1, 32, 2, 'Database connections of one shard.'),
  mainConnections: integer(2, 64, 4, 'Database connections of the main thread.'),
  maxImageMb: integer(1, 100, 20, 'Largest picture that may be sent, in MB of 1,000,000 bytes.'),
  maxVideoMb: integer(1, 2000, 100, 'Largest video that may be sent, in MB.'),
  maxAudioMb: integer(1, 2000, 16, 'Largest sound or voice note that may be sent, in MB.'),
  maxFileMb: integer(1, 2000, 50, 'Largest document that may be sent, in MB.'),
  maxUrlMb: integer(1, 2000, 500, 'Largest file that is fetched from a URL to be sent, in MB.'),
  urlAllow: text(
    value => words(value).map(entry => (isAllowable(entry) ? entry : unfit())),
    [],
    'host names, addresses or networks like 10.0.0.0/8, separated by commas',
    'none',
    'What may be fetched by URL beside public addresses. Loopback ones only while `HOST` is loopback, too.',
  ),
  ffmpeg: text(
    value => value,
    'ffmpeg',
    'a program',
    'ffmpeg',
    'The ffmpeg that makes voice notes, thumbnails of videos and animated stickers. Without one those fail with a clear answer, and `/ready` says so.',
  ),
  mediaCacheMb: integer(
    1,
    1_000_000,
    2000,
    'Files of messages that were downloaded and are kept, all devices together, in MB; the oldest go first. No larger file is downloaded.',
  ),
  mediaCacheHours: integer(1, 8760, 24, 'How long such a file is kept, in hours.'),
  mediaLinkSeconds: integer(10, 604_800, 300, 'How long a link to such a file is good, in seconds.'),
  mediaMemoryMb: integer(
    128,
    8192,
    512,
    'Memory of the process that looks into pictures and videos; one that takes more is ended and the file refused.',
  ),
  failpoints: text<string | undefined>(
    failpointRules,
    undefined,
    'rules like recv.after_commit:kill@2;send.after_wire:delay(500) with the points of docs/failpoints.md',
    'none',
    'For tests: makes this process die, stall or fail at named points on purpose. Refused unless `HOST` is loopback.',
  ),
} as const;
