/** JSON logs without secrets, phone numbers or texts: what is logged is chosen, and what slips through is masked. */
import { type DestinationStream, destination, type Logger, pino } from 'pino';

export type { Logger };

/** Names under which secrets would come, wherever they are nested one or two deep. */
const SECRETS = [
  'password',
  'secret',
  'authorization',
  'cookie',
  'credentials',
  'keys',
  'qr',
  'text',
  'body',
  'phone',
  'jid',
];

/** Runs of five digits and more are numbers of people (or parts of them) in what libraries say; URLs have passwords. */
export function mask(sentence: string): string {
  return sentence.replace(/\d{5,}/g, '#').replace(/(:\/\/[^:/?#@\s]*):\S*@/g, '$1:***@');
}

interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

/** Causes may go round in a circle. */
const CAUSES_LOGGED = 5;

/** An error as it may be logged: Baileys and the driver hang whole stanzas and queries on theirs. */
export function loggedError(error: unknown, causes = CAUSES_LOGGED): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: mask(String(error)) };
  const { code } = error as { code?: string | number };
  return {
    type: error.name,
    message: mask(error.message),
    ...(code !== undefined && { code }),
    ...(error.stack !== undefined && { stack: mask(error.stack) }),
    ...(error.cause !== undefined && causes > 0 && { cause: loggedError(error.cause, causes - 1) }),
  };
}

/** Writes at once (no worker, no buffer): the last line before a crash is the one that matters. */
export function makeLogger(level: string, base: Record<string, unknown>, to?: DestinationStream): Logger {
  return pino(
    {
      level,
      base,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: label => ({ level: label }) },
      serializers: { err: (error: unknown) => loggedError(error) },
      redact: { paths: SECRETS.flatMap(name => [name, `*.${name}`]), censor: '***' },
    },
    to ?? destination({ fd: 1, sync: true }),
  );
}
