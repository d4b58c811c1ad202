// The control plane's OpenAPI document, from the same descriptions that judge the requests.
import type { OpenAPIHono } from '@hono/zod-openapi';
import { version } from '../../lib/version.ts';

const description = `Drives the phones, the network and the clock of a WhatsApp server for tests.

Nothing here asks for a credential. JSON in and out; a failure is \`{"error": "a sentence"}\` that says what to do.
Everything that happens can be watched at \`GET /admin/events\`.`;

const tags = {
  linking: 'A person links a client: scans its QR code, types its pairing code, unlinks it',
  phones: 'Phones, and contacts: phones without linked devices',
  messages: 'What phones send and see',
  delivery: 'How messages travel: the form in which people appear, keys, phones that cannot read',
  devices: 'Linked devices: who is connected, and ready-made ones',
  groups: 'Groups and communities',
  profile: 'Names, abouts, pictures, privacy',
  business: 'Business profiles, catalogues, orders',
  channels: 'Channels (newsletters)',
  media: 'Files: what phones send, what the media host holds',
  calls: 'Calls',
  state: 'App state and history',
  load: 'Traffic at a fixed rate',
  faults: 'A bad network, or a bad day of the server',
  ledger: 'What happened, counted on the server’s side',
  world: 'Events as they happen, and the clock',
} as const satisfies Record<string, string>;

/** Serves the document at /openapi.json. It is made at the first request: nobody else pays for it. */
export function openapiRoute(app: OpenAPIHono): void {
  let document: ReturnType<OpenAPIHono['getOpenAPI31Document']> | undefined;
  app.get('/openapi.json', context => {
    document ??= app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: 'Cardume simulator', version, description, license: { name: 'MIT' } },
      tags: usedTags(app),
    });
    return context.json(document);
  });
}

/** The tags that some route has, in the order of the table; one that the table does not know comes last. */
function usedTags(app: OpenAPIHono): { name: string; description?: string }[] {
  const used = new Set<string>();
  for (const definition of app.openAPIRegistry.definitions)
    if (definition.type === 'route') for (const tag of definition.route.tags ?? []) used.add(tag);
  const known = Object.entries(tags).flatMap(([name, text]) =>
    used.delete(name) ? [{ name, description: text }] : [],
  );
  return [...known, ...[...used].map(name => ({ name }))];
}
