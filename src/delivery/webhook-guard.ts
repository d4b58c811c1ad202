import type { Logger } from 'pino';
import { Guard } from '../lib/guard.ts';
import { nameResolver } from '../lib/resolver.ts';

/**
 * Judges where webhooks lead that were made by the API. `open` is given while only the user of this machine can make one, and tells
 * whether that is still so: then they may lead to this machine, too.
 */
export function webhookGuard(options: {
  readonly allow: readonly string[];
  readonly open: (() => boolean) | undefined;
  readonly nameServers: readonly string[] | undefined;
  readonly log: Logger;
}): Guard {
  const { allow, open, nameServers, log } = options;
  if (open)
    log.info(
      'webhooks may lead to this machine while the API is open; WEBHOOK_ALLOW names what may be asked after',
    );
  return new Guard(allow, {
    strict: true,
    loopback: open ?? (() => false),
    resolve: nameResolver(nameServers ? { servers: nameServers } : {}),
  });
}
