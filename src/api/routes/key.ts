// Keys and the audit log.
import type { ApiDeps } from '../deps.ts';
import type { AddRoute } from '../route.ts';

export function keyRoutes(_add: AddRoute, _deps: ApiDeps): void {}
