// Which ports of the API are on tape.
import type { AppDeps } from '../../../src/api/app.ts';

type Watch = <T extends object>(name: string, port: T, methods?: readonly string[]) => T;

/** Methods of ports that are of this process all the same: they are not on tape. */
const partly = {
  media: ['fetch', 'square', 'picture', 'film', 'sound', 'sticker', 'typeOf', 'notes', 'linked', 'folderOf'],
  keys: ['page', 'get', 'change', 'revoke', 'create', 'rotate'],
  audit: ['page'],
} as const;

export function watched(ports: AppDeps, watch: Watch): AppDeps {
  const { readiness, connections } = watch('node', {
    readiness: () => ports.readiness(),
    connections: () => ports.connections(),
  });
  return {
    ...ports,
    devices: watch('devices', ports.devices),
    fleet: watch('fleet', ports.fleet),
    moving: watch('moving', ports.moving),
    endpoints: watch('endpoints', ports.endpoints),
    events: watch('events', ports.events),
    webhooks: watch('webhooks', ports.webhooks),
    deliveries: watch('deliveries', ports.deliveries),
    messages: watch('messages', ports.messages),
    chats: watch('chats', ports.chats),
    media: watch('media', ports.media, partly.media),
    keys: watch('keys', ports.keys, partly.keys),
    audit: watch('audit', ports.audit, partly.audit),
    readiness,
    connections,
  };
}
