// The section of docs/events.md that has every event, from the catalogue.
import { catalogue, sampleOf, schemaOf } from '../src/journal/catalogue/catalogue.ts';
import { contents } from '../src/journal/catalogue/content.ts';
import { common } from '../src/journal/catalogue/entry.ts';
import { type EventName, eventNames, isPrivate } from '../src/journal/names.ts';

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
}

const nameIn = ({ required }: Schema, field: string) => (required?.includes(field) ? field : `${field}?`);

/** What a field is, in a few words: objects by the names of their fields. */
function kindOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map(value => JSON.stringify(value)).join(', ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.format === 'date-time') return 'time';
  if (schema.type === 'array') return `[${kindOf(schema.items ?? {})}]`;
  if (schema.type === 'object' && schema.properties)
    return `{${Object.keys(schema.properties)
      .map(field => nameIn(schema, field))
      .join(', ')}}`;
  const { additionalProperties: each } = schema;
  if (schema.type === 'object') return `{<name>: ${typeof each === 'object' ? kindOf(each) : 'any'}}`;
  return schema.type ?? 'any';
}

const cell = (text: string) => text.replaceAll('|', '\\|');

function fieldTable(schema: Schema, without: ReadonlySet<string>): string {
  const fields = Object.entries(schema.properties ?? {}).filter(([field]) => !without.has(field));
  if (fields.length === 0) return '';
  const rows = fields.map(([field, each]) => {
    const kind = kindOf(each);
    const about = each.description ?? '';
    const shown = each.enum && each.enum.length > 8 ? 'string' : `\`${kind}\``;
    return `| \`${nameIn(schema, field)}\` | ${cell(shown.replace(/^`(string|number|integer|boolean|time|any)`$/, '$1'))} | ${cell(about)} |`;
  });
  return ['| Field | | |', '| - | - | - |', ...rows].join('\n');
}

const shared = new Set(Object.keys(common));

/** What an edit may hold is told once, at `message`. */
const told = Object.keys(contents).filter(field => field !== 'event');

/** Whether a payload has all that messages have. */
const isOfMessage = (schema: Schema) =>
  [...shared].every(field => schema.properties?.[field] !== undefined) &&
  schema.required?.includes('from_name') === true;

function section(name: EventName): string {
  const { about, more } = catalogue[name];
  const schema = schemaOf(name, { open: true }) as Schema;
  const ofMessage = isOfMessage(schema);
  const without = new Set([...(ofMessage ? shared : []), ...(name === 'message' ? [] : told)]);
  const table = fieldTable(schema, without);
  const lead = ofMessage ? `${about}\n\nThe fields that messages share${table ? ', and:' : '.'}` : about;
  const parts = [
    `### \`${name}\``,
    isPrivate(name) ? `**Only to those who name it.** ${lead}` : lead,
    table,
    more ?? '',
    ['```json', JSON.stringify(sampleOf(name), undefined, 2), '```'].join('\n'),
  ];
  return parts.filter(Boolean).join('\n\n');
}

/** The fields that messages share, and every event. */
export function eventSections(): string {
  const schema = schemaOf('message', { open: true }) as Schema;
  const properties = Object.fromEntries(
    Object.entries(schema.properties ?? {}).filter(([field]) => shared.has(field)),
  );
  const table = fieldTable({ ...schema, properties }, new Set());
  return ['Fields that messages share:', table, ...eventNames.map(section)].join('\n\n');
}
