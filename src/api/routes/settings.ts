// Settings of one device.
import type { ApiDeps } from '../deps.ts';
import type { AddRoute } from '../route.ts';

export function settingsRoutes(_add: AddRoute, _deps: ApiDeps): void {}
