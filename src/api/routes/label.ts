// Labels.
import type { ApiDeps } from '../deps.ts';
import type { AddRoute } from '../route.ts';

export function labelRoutes(_add: AddRoute, _deps: ApiDeps): void {}
