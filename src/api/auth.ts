// Who may call: API keys as bearer tokens, users by basic auth, or everybody when neither is configured.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { Failure } from '../errors.ts';
import type { ApiEnv, Credentials } from './deps.ts';

/** True when nobody has to show a credential. */
export function isOpen({ basic, keys }: Credentials): boolean {
  return basic.length === 0 && keys.length === 0;
}

/**
 * Whether an Authorization header holds one of the credentials. Every call does the same work, whatever was sent:
 * one digest for each scheme, compared with all that are configured.
 */
export function gatekeeper({ basic, keys }: Credentials): (authorization: string | undefined) => boolean {
  if (keys.includes('') || basic.some(({ user, password }) => !user || !password))
    throw new Error('an API key, a user or a password is empty');
  const keyDigests = keys.map(digest);
  const userDigests = basic.map(({ user, password }) => digest(`${user}:${password}`));
  // Stands in for what was not sent, so that nothing configured can equal it.
  const nothing = randomBytes(32);
  return (authorization = '') => {
    const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+) *$/i.exec(authorization) ?? [];
    const sent = scheme.toLowerCase();
    const key = digest(sent === 'bearer' ? value : nothing);
    const user = digest(sent === 'basic' ? Buffer.from(value, 'base64') : nothing);
    let found = 0;
    for (const known of keyDigests) found |= Number(timingSafeEqual(known, key));
    for (const known of userDigests) found |= Number(timingSafeEqual(known, user));
    return found === 1;
  };
}

/** Lets a request pass that shows a credential; answers UNAUTHORIZED with the ways in otherwise. */
export function authentication(credentials: Credentials): MiddlewareHandler<ApiEnv> {
  const admits = gatekeeper(credentials);
  const ways: string[] = [];
  if (credentials.basic.length > 0) ways.push('Basic realm="Cardume", charset="UTF-8"');
  if (credentials.keys.length > 0) ways.push('Bearer realm="Cardume"');
  return async (c, next) => {
    if (!isOpen(credentials) && !admits(c.req.header('authorization'))) {
      c.header('www-authenticate', ways.join(', '));
      throw new Failure('UNAUTHORIZED');
    }
    await next();
  };
}

const digest = (value: string | Buffer): Buffer => createHash('sha256').update(value).digest();
