// What stands before all routes, as one step: each of Hono's own costs some promises and a longer search for the route.
import type { Context, MiddlewareHandler } from 'hono';
import type { ApiEnv } from './deps.ts';

/** Lets a request pass, answers it, or fails. */
export type Check = (c: Context<ApiEnv>) => Response | undefined | Promise<Response | undefined>;

/** One check after the other, until one answers or fails; then the route. */
export function inTurn(...checks: readonly Check[]): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    for (const check of checks) {
      const said = check(c);
      const answer = said instanceof Promise ? await said : said;
      if (answer) return answer;
    }
    return next() as Promise<undefined>;
  };
}
