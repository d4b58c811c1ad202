// The account of a device and other people.
import type { ApiDeps } from '../deps.ts';
import type { AddRoute } from '../route.ts';

export function userRoutes(_add: AddRoute, _deps: ApiDeps): void {}
