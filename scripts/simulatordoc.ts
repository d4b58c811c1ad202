// The tables of docs/simulator-control.md and docs/simulator-faults.md: the first from the OpenAPI document that a running
// simulator serves, the second from the catalogue of faults and the closes by name.
import { z } from 'zod';
import { catalogue, type FaultName, kindOf } from '../src/simulator/faults/catalogue.ts';
import { startSimulator } from '../src/simulator/index.ts';
import { type CloseName, closeNames, closes } from '../src/simulator/wire/closes.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Operation {
  readonly tags: readonly [string];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

interface Document {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Longer cells than this are told with less depth: what a route takes matters more than what it answers. */
const LONGEST = { takes: 600, answers: 260 };

/** A table as the pages have them; `|` in cells is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const quoted = (text: string) => (text ? `\`${text}\`` : '');
/** Tags in a sentence are code, or a page would take them for HTML. */
const prose = (text: string) =>
  text.replaceAll(/`[^`]*`|(?:<[^>]+>)+/g, part => (part.startsWith('`') ? part : `\`${part}\``));

/** A schema in one line: `{name, age?, kind: a or b, children: [{…}]}`. Deeper than `depth`, and plain values, are not told. */
function shape(schema: Schema, document: Document, depth: number): string {
  const { $ref, properties, items, allOf } = schema;
  if ($ref) return shape(document.components.schemas[$ref.replace(/^.*\//, '')] ?? {}, document, depth);
  if (allOf?.[0]) return shape(allOf[0], document, depth);
  const either = schema.oneOf ?? schema.anyOf;
  if (either) return alternatives(either, document, depth);
  const values = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (values) return values.map(String).join('|');
  if (items) {
    const inner = shape(items, document, depth);
    return inner === '' && depth > 0 ? '' : `[${inner || '…'}]`;
  }
  if (!properties) return '';
  if (depth === 0) return '{…}';
  const fields = Object.entries(properties).map(([name, field]) => {
    const inner = shape(field, document, depth - 1);
    return `${name}${schema.required?.includes(name) ? '' : '?'}${inner ? `: ${inner}` : ''}`;
  });
  return `{${fields.join(', ')}}`;
}

/** The field by which the kinds of a body are told apart, where there is one. */
const discriminator = (either: readonly Schema[]) =>
  ['kind', 'type'].find(name => either.every(({ properties }) => properties?.[name]?.enum?.length === 1));

/** Kinds that are told apart by one field are told as that field; others one after the other. */
function alternatives(either: readonly Schema[], document: Document, depth: number): string {
  const key = discriminator(either);
  if (key && depth > 0) {
    const kinds = either.map(({ properties }) => String(properties?.[key]?.enum?.[0]));
    return `{${key}: ${kinds.join('|')}, …}`;
  }
  return [...new Set(either.map(one => shape(one, document, depth)))].filter(Boolean).join(' or ');
}

/** What each kind of a body takes, where a cell has room for their names only. */
function kinds(schema: Schema | undefined, document: Document, depth = 3): string[] {
  if (!schema || depth === 0) return [];
  const { $ref, items, properties = {} } = schema;
  if ($ref) return kinds(document.components.schemas[$ref.replace(/^.*\//, '')], document, depth);
  if (schema.oneOf && discriminator(schema.oneOf)) return schema.oneOf.map(one => shape(one, document, 2));
  return [items, ...Object.values(properties)].flatMap(inner => kinds(inner, document, depth - 1));
}

function cell(schema: Schema | undefined, document: Document, longest: number): string {
  if (!schema) return '';
  const told = [3, 2, 1].map(depth => shape(schema, document, depth));
  return quoted(told.find(text => text.length <= longest) ?? told.at(-1) ?? '');
}

function body(content: Content | undefined, document: Document): string {
  if (!content) return '';
  if (content['text/plain']) return 'text';
  if (content['application/octet-stream']) return 'the file';
  return cell(content['application/json']?.schema, document, LONGEST.takes);
}

function answer(content: Content | undefined, document: Document): string {
  if (content?.['text/event-stream']) return 'server-sent events';
  if (content?.['application/octet-stream']) return 'the file';
  if (content?.['application/x-pem-file']) return 'PEM';
  return cell(content?.['application/json']?.schema, document, LONGEST.answers);
}

/** Every route, by tag. Starts a simulator for as long as it takes to ask it. */
export async function routeTables(): Promise<string> {
  const simulator = await startSimulator();
  let document: Document;
  try {
    document = (await (await fetch(`${simulator.controlUrl}/openapi.json`)).json()) as Document;
  } finally {
    await simulator.stop();
  }
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = document.tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags[0] === name);
    const rows = own.map(({ path, method, operation }) => {
      const query = (operation.parameters ?? [])
        .filter(parameter => parameter.in === 'query')
        .map(parameter => `${parameter.name}${parameter.required ? '' : '?'}`);
      const asked = [
        query.length > 0 ? `query ${quoted(query.join(', '))}` : '',
        body(operation.requestBody?.content, document),
      ];
      return [
        quoted(`${method.toUpperCase()} ${path}`),
        prose([operation.summary, operation.description].filter(Boolean).join('. ')),
        asked.filter(Boolean).join('; '),
        answer(operation.responses['200']?.content, document),
      ];
    });
    const lists = own.flatMap(({ path, method, operation: { requestBody } }) => {
      const told = kinds(requestBody?.content['application/json']?.schema, document);
      if (told.length === 0) return [];
      return `What \`${method.toUpperCase()} ${path}\` takes of each kind:\n\n${told.map(one => `- ${quoted(one)}`).join('\n')}`;
    });
    const head = ['route', 'what', 'takes', 'answers'];
    return [`## ${name}`, `${description}.`, table(head, rows), ...lists].join('\n\n');
  });
  return sections.join('\n\n');
}

/** Parameters of a fault with what they are without being named. */
function parameters(name: FaultName): string {
  const { params } = kindOf(name);
  const normal = params.parse({}) as Readonly<Record<string, unknown>>;
  const { properties = {} } = z.toJSONSchema(params, { io: 'input' }) as Schema;
  return Object.entries(properties)
    .map(([key, field]) => {
      const values = field.enum?.map(String) ?? [];
      const choice = key === 'close' ? ' (any close)' : values.length > 0 ? ` (${values.join(', ')})` : '';
      return `\`${key}${normal[key] === undefined ? '' : ` = ${String(normal[key])}`}\`${choice}`;
    })
    .join(', ');
}

const families = [
  ['close', 'a stanza of the client, or one to it'],
  ['login', 'login'],
  ['poison', ''],
] as const;

/** Every fault with a line of its own; the families that have one fault per close or poison are one row each. */
export function faultTable(): string {
  const names = Object.keys(catalogue) as FaultName[];
  const single = names.filter(
    name => name === 'login.refuse' || !families.some(([family]) => name.startsWith(`${family}.`)),
  );
  const rows = single.map(name => {
    const { at, doc, strike } = kindOf(name);
    return [quoted(name), prose(doc), at, strike ? 'yes' : '', parameters(name)];
  });
  rows.push(
    [
      '`close.<close>`',
      'The connection ends at a stanza: before it is handled, or after it with `processed`.',
      'in, or out by `direction`',
      'yes',
      parameters('close.tcp'),
    ],
    ['`login.<close>`', 'The close comes instead of `<success>`.', 'login', '', parameters('login.tcp')],
    [
      '`poison.<poison>`',
      'The client is sent that nonsense, after a stanza of its own or with one to it.',
      'in, or out by `direction`',
      'yes',
      parameters('poison.message-empty'),
    ],
  );
  return table(['fault', 'what happens', 'occasion', 'can strike at once', 'parameters'], rows);
}

export function closeTable(): string {
  const rows = closeNames.map((name: CloseName) => {
    const { code, doc } = closes[name];
    return [quoted(name), prose(doc), code === undefined ? 'none: see below' : String(code)];
  });
  return table(['close', 'on the wire', 'statusCode in Baileys'], rows);
}

export function poisonTable(): string {
  const rows = (Object.keys(catalogue) as FaultName[])
    .filter(name => name.startsWith('poison.'))
    .map(name => [
      quoted(name.replace('poison.', '')),
      prose(kindOf(name).doc.replace(/^The client is sent (.+)\.$/, '$1')),
    ]);
  return table(['poison', 'the client is sent'], rows);
}
