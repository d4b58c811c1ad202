// Serving everything below a path, for a proxy that passes it on unchanged.
import { getPath } from 'hono/utils/url';

/** gowa's probe stays where probes look for it. */
const AT_ROOT = '/health';
/** No route has it. */
const NOWHERE = '/\0';

/** The path of a request as the routes know it: without the base path, and no known one where it is not below that. */
export function pathBelow(basePath: string): (request: Request) => string {
  if (basePath === '') return whole;
  return request => {
    const path = whole(request);
    if (path === AT_ROOT) return path;
    if (path === basePath) return '/';
    return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : NOWHERE;
  };
}

/** gowa does not mind a slash at the end, and some clients write one. */
function whole(request: Request): string {
  const path = getPath(request);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
