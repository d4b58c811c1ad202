/**
 * What this process runs with: the settings of `settings.ts`, read and checked. This file alone reads the environment.
 *
 * A setting NAME is taken from `CARDUME_NAME`, then `NAME`, then its aliases (gowa's names). An unknown `CARDUME_*` is an
 * error, because a misspelt setting that is ignored runs wrong for months.
 */
import { allowsLoopback } from './lib/guard.ts';
import { type Setting, Unfit } from './lib/setting.ts';
import { ConfigError, settings } from './settings.ts';

export { ConfigError, settings };

/** A URL may hold a password; who reads a message or a print need not. */
const withoutPassword = (text: string) => text.replace(/(:\/\/[^:/?#@\s,]*):[^/?#\s,]*@/g, '$1:***@');

type Settings = typeof settings;
export type SettingName = keyof Settings;
export type Config = Readonly<{ [K in SettingName]: Settings[K] extends Setting<infer T> ? T : never }>;

/** The name of a setting in the environment: `webhookUrl` is `WEBHOOK_URL`. */
export function envName(name: SettingName): string {
  return name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase();
}

type Environment = Readonly<Record<string, string | undefined>>;
const names = Object.keys(settings) as SettingName[];

function variables(name: SettingName): string[] {
  const plain = envName(name);
  return [`CARDUME_${plain}`, plain, ...(settings[name].aliases ?? [])];
}

/**
 * Reads and checks all settings. Every wrong one is named in one `ConfigError`, with what was expected and what was got
 * (a secret's value is not repeated). An empty or blank value is as good as none.
 */
export function readConfig(env: Environment = process.env): Config {
  const known = new Set(names.map(name => `CARDUME_${envName(name)}`));
  const wrong = Object.keys(env)
    .filter(key => key.startsWith('CARDUME_') && !known.has(key))
    .map(key => `${key}: no such setting; see --help`);
  const config: Record<string, unknown> = {};
  for (const name of names) {
    const setting: Setting<unknown> = settings[name];
    const variable = variables(name).find(key => env[key]?.trim());
    const got = variable === undefined ? undefined : env[variable];
    try {
      config[name] = got === undefined ? setting.fallback() : setting.parse(got.trim());
    } catch (error) {
      if (error instanceof ConfigError) wrong.push(error.message);
      else if (error instanceof Unfit)
        wrong.push(
          `${variable}: expected ${setting.expected}, got ${setting.secret ? 'something else' : JSON.stringify(withoutPassword(got ?? ''))}`,
        );
      else throw error;
    }
  }
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'));
  if (env === process.env) forgetSecrets();
  return checked(config as Config);
}

/** Neither our threads nor a program that we start, nor a dump of either, has what only the main thread needs. */
function forgetSecrets(): void {
  for (const name of names)
    if ('secret' in settings[name]) for (const variable of variables(name)) delete process.env[variable];
}

/** Rules between settings. */
function checked(config: Config): Config {
  const open = config.apiKeys.length === 0 && config.appBasicAuth.length === 0;
  if (open && !isLoopback(config.host))
    throw new ConfigError(
      `HOST: ${config.host} is reachable from outside, so expected APP_BASIC_AUTH or API_KEYS to be set, got neither`,
    );
  if (config.failpoints !== undefined && !isLoopback(config.host))
    throw new ConfigError(
      `FAILPOINTS: expected HOST to be loopback, because it makes the process fail on purpose, got ${config.host}`,
    );
  const inner = config.urlAllow.find(allowsLoopback);
  if (inner !== undefined && !isLoopback(config.host))
    throw new ConfigError(
      `URL_ALLOW: expected nothing that is loopback, because ${config.host} is reachable from outside, got ${inner}`,
    );
  const keys = config.sealingKeysFile ?? config.sealingKeys;
  if (config.sealingKeysFile !== undefined && config.sealingKeys.length > 0)
    throw new ConfigError('SEALING_KEYS: expected none with SEALING_KEYS_FILE, got both');
  if (keys.length === 0 && !isLoopback(config.host))
    throw new ConfigError(
      `SEALING_KEYS_FILE: expected the keys that seal the database, because ${config.host} is reachable from outside, got none; make one with: openssl rand -base64 32`,
    );
  if (config.waRootKey !== undefined && config.waSocketUrl === undefined)
    throw new ConfigError(
      'WA_ROOT_KEY: expected WA_SOCKET_URL to be set with it, got none; it would make WhatsApp itself untrusted',
    );
  return Object.freeze(config);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** All settings as `NAME=value` lines, secrets masked. */
export function printConfig(config: Config): string {
  return names
    .map(name => {
      const setting: Setting<unknown> = settings[name];
      const value = config[name];
      const empty = value === undefined || (Array.isArray(value) && value.length === 0);
      const shown = empty
        ? ''
        : setting.secret
          ? '***'
          : name === 'waCaFile'
            ? '(certificate)'
            : withoutPassword(String(value));
      return `${envName(name)}=${shown}`;
    })
    .join('\n');
}

/** One row per setting for `--help` and for docs/configuration.md. */
export function describeSettings(): {
  name: string;
  aliases: readonly string[];
  expected: string;
  shown: string;
  doc: string;
}[] {
  return names.map(name => {
    const setting: Setting<unknown> = settings[name];
    return {
      name: envName(name),
      aliases: setting.aliases ?? [],
      expected: setting.expected,
      shown: setting.shown,
      doc: setting.doc,
    };
  });
}
