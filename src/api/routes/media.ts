// Files in messages.
import type { ApiDeps } from '../deps.ts';
import type { AddRoute } from '../route.ts';

export function mediaRoutes(_add: AddRoute, _deps: ApiDeps): void {}
