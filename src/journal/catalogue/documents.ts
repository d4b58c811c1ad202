/**
 * The catalogue in the words of two standards: AsyncAPI 3 for all ways in which events leave, and the `webhooks` of the OpenAPI
 * document. Both say of every event its envelope, its payload and a sample.
 */
import { type EventName, eventNames, isPrivate, versionOf } from '../names.ts';
import { catalogue, type Dialect, type Schema, sampleOf, schemaOf } from './catalogue.ts';

const text = (description: string, more: Schema = {}) => ({ type: 'string', description, ...more });

/** The envelope of an event; `payload` is the schema of what is in it. */
function envelopeOf(name: EventName, payload: Schema): Schema {
  const properties = {
    id: text('Names the event: the same in every attempt, at every endpoint, in every replay.'),
    event: { const: name },
    version: { const: versionOf(name) },
    device_id: text('JID of the WhatsApp account, without its device part; empty before it was linked.'),
    session_id: text('Our id of the device, as in X-Device-Id.'),
    seq: { type: 'integer', minimum: 1, description: '1, 2, 3 … per device, without a gap in the journal.' },
    timestamp: text('When it happened, UTC.', { format: 'date-time' }),
    payload,
  };
  return { type: 'object', properties, required: Object.keys(properties) };
}

/** A whole event, as it is delivered. */
export function sampleEvent(name: EventName): Schema {
  return {
    id: 'evt_bXjPz0cKq3rT5vWy8AaBcDeF',
    event: name,
    version: versionOf(name),
    device_id: '15550001111@s.whatsapp.net',
    session_id: 'sales',
    seq: 4711,
    timestamp: '2026-11-26T10:00:00.000Z',
    payload: sampleOf(name),
  };
}

/** The first sentence, for lists. */
const summaryOf = (name: EventName) => `${/^[^.:]+/.exec(catalogue[name].about)?.[0] ?? name}.`;

const aboutOf = (name: EventName) =>
  [isPrivate(name) ? 'Only to those who name it.' : '', catalogue[name].about].filter(Boolean).join(' ');

const DIALECT: Dialect = 'draft-7';

/** Of every POST to a webhook. */
const headers = {
  'webhook-id': text('The id of the event, or of the batch.'),
  'webhook-timestamp': text('When this attempt was made, in seconds since 1970.'),
  'webhook-signature': text('Standard Webhooks: `v1,` and the base64 HMAC-SHA256 of id, time and body.'),
  'x-hub-signature-256': text('`sha256=` and the hex HMAC-SHA256 of the body, as gowa signs.'),
};

const ways = {
  webhook: {
    address: null,
    title: 'Webhooks',
    description:
      'A POST to each endpoint that wants the event, one after the other per device, until it is answered 2xx. Its headers and signatures are in docs/events.md.',
  },
  stream: {
    address: '/events/stream',
    title: 'Server-sent events',
    description:
      'Each event is the `data` of one, with a cursor as its `id`: a Last-Event-ID goes on from there.',
  },
  socket: {
    address: '/ws',
    title: 'WebSocket',
    description: 'What gowa tells its dashboard; with `events`, the names that are wanted, the journal too.',
  },
} as const;

const ref = (path: string) => ({ $ref: `#/${path}` });

/** A message of the WebSocket, in gowa's form. */
const socketMessage = (code: Schema, about: string, more: Schema = {}) => ({
  summary: about,
  contentType: 'application/json',
  payload: {
    type: 'object',
    properties: { code, message: text('For people.'), ...more },
    required: ['code', 'message'],
  },
});

const onSocket = {
  EVENT: socketMessage({ const: 'EVENT' }, 'An event.', {
    result: { oneOf: eventNames.map(name => ref(`components/messages/${name}/payload`)) },
    cursor: text('Where to go on from, as `after`.'),
  }),
  EVENT_CURSOR: socketMessage(
    { const: 'EVENT_CURSOR' },
    'Nothing that was asked for comes before this cursor; it comes now and then while events are searched, and while there are none.',
    { result: { type: 'null' }, cursor: text('Where to go on from, as `after`.') },
  ),
  EVENT_GAP: socketMessage({ const: 'EVENT_GAP' }, 'What was to come next is not kept any more.', {
    result: { type: 'object' },
  }),
  GOWA: socketMessage(
    {
      enum: ['LOGIN_SUCCESS', 'DEVICE_LOGGED_OUT', 'DEVICE_WEBHOOK_CONFIG_UPDATED', 'LIST_DEVICES'],
    },
    'What happens to devices, in the words of gowa.',
    { result: {} },
  ),
};

/** The AsyncAPI 3 document. */
export function asyncapi({
  version,
  basePath = '',
}: {
  readonly version: string;
  readonly basePath?: string;
}) {
  const messages = eventNames.map(name => [
    name,
    {
      name,
      title: name,
      summary: summaryOf(name),
      description: aboutOf(name),
      contentType: 'application/json',
      payload: envelopeOf(name, ref(`components/schemas/${name}`)),
      examples: [{ name: 'sample', payload: sampleEvent(name) }],
    },
  ]);
  const all = Object.fromEntries(eventNames.map(name => [name, ref(`components/messages/${name}`)]));
  const told = Object.fromEntries(
    Object.keys(onSocket).map(name => [name, ref(`components/messages/${name}`)]),
  );
  const channels = Object.entries(ways).map(([way, { address, ...about }]) => {
    const messages = way === 'socket' ? told : all;
    return [way, { address: address && `${basePath}${address}`, ...about, messages }];
  });
  const operations = Object.keys(ways).map(way => [
    way === 'webhook' ? 'deliver' : `tell_${way}`,
    {
      action: 'send',
      channel: ref(`channels/${way}`),
      ...(way === 'webhook' && { bindings: { http: { method: 'POST', bindingVersion: '0.3.0' } } }),
    },
  ]);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Cardume',
      version,
      description:
        'What happens to WhatsApp devices. docs/events.md says what is promised: stored first, in order per device, at least once. Receivers must expect events and fields that are not in here yet.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(channels),
    operations: Object.fromEntries(operations),
    components: {
      messages: { ...Object.fromEntries(messages), ...onSocket },
      schemas: Object.fromEntries(
        eventNames.map(name => [name, schemaOf(name, { open: true, dialect: DIALECT })]),
      ),
    },
  };
}

/** The `webhooks` of the OpenAPI document. */
export function webhooks() {
  const parameters = Object.entries(headers).map(([name, { description, type }]) => ({
    in: 'header',
    name,
    required: true,
    description,
    schema: { type },
  }));
  const of = (name: EventName) => ({
    post: {
      operationId: `event.${name}`,
      summary: summaryOf(name),
      description: aboutOf(name),
      parameters,
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: envelopeOf(name, schemaOf(name, { open: true })),
            examples: { sample: { value: sampleEvent(name) } },
          },
        },
      },
      responses: {
        '2XX': { description: 'Taken; the next event of the device follows.' },
        '410': { description: 'The endpoint wants nothing more.' },
        default: { description: 'It is tried again later.' },
      },
    },
  });
  return Object.fromEntries(eventNames.map(name => [name, of(name)]));
}
