// Calls.
import type { ApiDeps } from '../deps.ts';
import type { AddRoute } from '../route.ts';

export function callRoutes(_add: AddRoute, _deps: ApiDeps): void {}
