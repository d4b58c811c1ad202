// Channels.
import type { ApiDeps } from '../deps.ts';
import type { AddRoute } from '../route.ts';

export function newsletterRoutes(_add: AddRoute, _deps: ApiDeps): void {}
