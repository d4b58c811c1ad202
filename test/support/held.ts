// What tests see of events is held to the catalogue: no name that is not in it, no field that it does not tell of.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { schemaOf } from '../../src/journal/catalogue/catalogue.ts';
import { type EventName, eventNames, versionOf } from '../../src/journal/names.ts';

const ajv = new Ajv2020({ allErrors: true, validateFormats: false, allowUnionTypes: true });
const known: ReadonlySet<string> = new Set(eventNames);
const compiled = new Map<string, ValidateFunction>();

function validatorOf(event: EventName): ValidateFunction {
  const found = compiled.get(event) ?? ajv.compile(schemaOf(event, { open: false }));
  compiled.set(event, found);
  return found;
}

/** What of an event is not as the catalogue says. */
export function driftOf({ event, payload }: { event: string; payload: unknown }): string[] {
  if (!known.has(event)) return [`no event is called ${event}`];
  const validate = validatorOf(event as EventName);
  if (validate(payload)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    [`${event}${instancePath}`, message, JSON.stringify(params), JSON.stringify(payload)].join(' '),
  );
}

interface Sent {
  readonly id?: unknown;
  readonly event?: unknown;
  readonly version?: unknown;
  readonly payload?: unknown;
  readonly events?: unknown;
}

/** The events that a delivered body holds: itself, or those of a batch. */
function eventsIn(body: unknown): readonly Sent[] {
  const { event, events } = (body ?? {}) as Sent;
  return event === 'batch' && Array.isArray(events) ? (events as Sent[]) : [body as Sent];
}

/** A payload that was left out: thin endpoints, and what is too large, have a link in its place; one that was changed in the database is none. */
const isLeftOut = ({ id, payload }: Sent) =>
  payload === null ||
  (typeof payload === 'object' && (payload as { href?: unknown }).href === `/events/${id}`);

/**
 * Looks at a body that a test was sent. What is not as the catalogue says is thrown where nobody catches it, which fails the
 * running test at once and lets it clean up; a hook that throws would keep the hooks after it from running.
 */
export function hold(body: unknown): void {
  const drift = eventsIn(body).flatMap(sent => {
    // What tests of the POST itself send is no event.
    if (sent.event === undefined) return [];
    const event = String(sent.event);
    if (!known.has(event)) return [`no event is called ${event}`];
    const version = sent.version === versionOf(event) ? [] : [`${event} has version ${sent.version}`];
    return isLeftOut(sent) ? version : [...version, ...driftOf({ event, payload: sent.payload })];
  });
  if (drift.length === 0) return;
  process.nextTick(() => {
    throw new Error(`an event is not as the catalogue says: ${drift.join('\n')}`);
  });
}
