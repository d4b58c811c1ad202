// Absolute links, as the caller can follow them.
import type { Context } from 'hono';

const HOST = /^[a-z0-9.-]+(?::[0-9]{1,5})?$|^\[[0-9a-f:.]+\](?::[0-9]{1,5})?$/i;

/**
 * The URL under which this caller reaches the server, without a slash at the end. What a reverse proxy says about the
 * outside is believed: a caller who lies gets wrong links in its own answer and nowhere else.
 */
export function publicUrl(c: Context, basePath: string): string {
  const url = new URL(c.req.url);
  const proto = first(c.req.header('x-forwarded-proto'));
  const host = first(c.req.header('x-forwarded-host'));
  const scheme = proto === 'https' || proto === 'http' ? proto : url.protocol.slice(0, -1);
  return `${scheme}://${host && HOST.test(host) ? host : url.host}${basePath}`;
}

const first = (list: string | undefined): string | undefined => list?.split(',')[0]?.trim();
