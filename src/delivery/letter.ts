// One POST as it leaves: what an endpoint is told of its events, and the headers that go with it.
import { recent } from './recent.ts';
import type { Signer } from './sign.ts';

/** How an endpoint wants its events. */
export interface Shape {
  readonly payload: 'fat' | 'thin';
  /** Its own, beside ours. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sign: Signer;
}

/** An event with its envelope as the journal has it. */
export interface Told {
  readonly id: string;
  readonly body: string;
}

export interface Written {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Of one event; what is larger is fetched by who wants it. */
export const EVENT_BYTES = 256 * 1024;
/** Of bodies up to so many characters the thin events are remembered: other endpoints ask for the same ones within moments. */
const REMEMBERED_LENGTH = 16 * 1024;
const PAYLOAD = ',"payload":';
const KEPT = ['id', 'chat_id', 'from', 'is_from_me'] as const;

const thinOnes = recent<{ readonly id: string; readonly of: string; readonly thin: string }>(32);

/**
 * The body and the headers of one POST. One event goes as it is, several as one batch, whose id tells the first of them
 * and how many they are: the same events are the same batch. `at` is the time of the attempt, in ms since 1970.
 */
export function letterOf(
  { payload, headers, sign }: Shape,
  events: readonly Told[],
  at: number,
  { replay = false }: { replay?: boolean } = {},
): Written {
  const [first] = events;
  if (!first) throw new RangeError('a letter without events');
  const bodies = events.map(event => (payload === 'thin' ? thin(event) : capped(event)));
  const alone = bodies.length === 1;
  const id = alone ? first.id : `bat_${first.id}_${bodies.length}`;
  const body = alone
    ? bodies.join('')
    : `{"id":${JSON.stringify(id)},"event":"batch","events":[${bodies.join(',')}]}`;
  return { headers: { ...headers, ...(replay && { 'webhook-replay': '1' }), ...sign(id, at, body) }, body };
}

function capped({ id, body }: Told): string {
  // A character is three bytes at most.
  if (body.length * 3 <= EVENT_BYTES || Buffer.byteLength(body) <= EVENT_BYTES) return body;
  return withPayload(body, { truncated: true, href: hrefOf(id) });
}

/** The event with nothing in it but whose it is, made once however many endpoints want it so. */
function thin({ id, body }: Told): string {
  const known = thinOnes.find(each => each.id === id && each.of === body);
  if (known) return known.thin;
  const full = JSON.parse(body.slice(payloadAt(body) + PAYLOAD.length, -1)) as Record<string, unknown> | null;
  const kept = KEPT.flatMap(field => (full?.[field] === undefined ? [] : [[field, full[field]]]));
  const made = withPayload(body, { ...Object.fromEntries(kept), href: hrefOf(id) });
  if (body.length > REMEMBERED_LENGTH) return made;
  thinOnes.add({ id, of: body, thin: made });
  return made;
}

const hrefOf = (id: string): string => `/events/${id}`;

const withPayload = (body: string, payload: object): string =>
  `${body.slice(0, payloadAt(body))}${PAYLOAD}${JSON.stringify(payload)}}`;

/** The envelope's own fields are before its payload, and quotes inside of them are escaped: the first one is the field. */
const payloadAt = (body: string): number => body.indexOf(PAYLOAD);
