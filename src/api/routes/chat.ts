// Chats, and what was said in them.
import type { ApiDeps } from '../deps.ts';
import type { AddRoute } from '../route.ts';

export function chatRoutes(_add: AddRoute, _deps: ApiDeps): void {}
