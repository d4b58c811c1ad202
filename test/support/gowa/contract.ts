// gowa's contract, read from its own document: every operation in scope, and what its answers must look like.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { corrected, omitted } from './corrections.ts';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly nullable?: boolean;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
}

interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Documented {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Whether it selects a device by header or query. */
  readonly selects: boolean;
  readonly query: readonly string[];
  /** `multipart/form-data` or `application/json`; undefined without a body. */
  readonly type: string | undefined;
  readonly fields: readonly string[];
  /** Those of them that are texts. */
  readonly texts: readonly string[];
  /** Fields of the body or the query without which gowa refuses, as its document says. */
  readonly required: readonly string[];
  /** The type of a successful answer. */
  readonly answers: string;
  /** What is wrong with a successful answer, where that is JSON. */
  readonly wrong: (body: unknown) => string | undefined;
}

const document = parse(
  readFileSync(new URL('../../../../test/fixtures/gowa/openapi.yaml', import.meta.url), 'utf8'),
) as { readonly paths: Readonly<Record<string, Readonly<Record<string, Documented>>>> };

function resolved<T extends { readonly $ref?: string }>(value: T): T {
  if (value.$ref === undefined) return value;
  const keys = value.$ref.replace('#/', '').split('/');
  const found = keys.reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], document);
  return resolved(found as T);
}

const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addFormat('date-time', text =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text),
);

/** Not built, as agreed: gowa's bridge to Chatwoot. */
const outOfScope = (path: string) => path.includes('/chatwoot');

export function gowaOperations(): Operation[] {
  return Object.entries(document.paths)
    .filter(([path]) => !outOfScope(path))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => read(method, path, operation)),
    );
}

function read(method: string, path: string, documented: Documented): Operation {
  const { operationId: id, requestBody, responses } = documented;
  const parameters = (documented.parameters ?? []).map(resolved);
  const query = parameters.filter(each => each.in === 'query');
  const [type, body] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const fields = body && resolved(body.schema);
  const [answers = 'application/json', answer] = Object.entries(responses['200']?.content ?? {})[0] ?? [];
  return {
    id,
    method: method.toUpperCase(),
    path,
    selects: parameters.some(({ name }) => name === 'X-Device-Id'),
    query: query.map(({ name }) => name),
    type,
    fields: Object.keys(fields?.properties ?? {}),
    texts: Object.entries(fields?.properties ?? {}).flatMap(([name, field]) =>
      resolved(field).type === 'string' ? [name] : [],
    ),
    required: [
      ...query.filter(({ required }) => required).map(({ name }) => name),
      ...(fields?.required ?? []),
    ],
    answers,
    wrong: judge(answerSchema(id, answer?.schema ?? {})),
  };
}

function judge(schema: object): Operation['wrong'] {
  const valid = ajv.compile(schema);
  return body => (valid(body) ? undefined : `${ajv.errorsText(valid.errors)} in ${JSON.stringify(body)}`);
}

/**
 * JSON Schema of an answer. gowa's document requires next to nothing; its code writes every field that it does not mark as
 * `omitempty`, and clients read them: what is documented must be there, but for `omitted`.
 */
function answerSchema(id: string, schema: Schema): object {
  const { properties = {}, ...rest } = resolved(schema);
  const correction = corrected[id];
  const results = correction ? correction.results : properties.results;
  const { results: _, ...others } = properties;
  const nothing = results === undefined || results.type === 'string';
  return strict(id, '', { ...rest, properties: nothing ? others : { ...others, results } });
}

function strict(id: string, path: string, given: Schema): object {
  const schema = resolved(given);
  const { type, nullable, properties, items, additionalProperties, enum: values, format } = schema;
  const named = Object.entries(properties ?? {});
  const below = (name: string) => (path === '' ? name : `${path}.${name}`);
  const mayLack = (name: string) => [`* ${below(name)}`, `${id} ${below(name)}`].some(key => key in omitted);
  return {
    ...(type && { type: nullable ? [type, 'null'] : type }),
    ...(values && { enum: nullable ? [...values, null] : values }),
    ...(format === 'date-time' && { format }),
    ...(properties && {
      properties: Object.fromEntries(named.map(([name, field]) => [name, strict(id, below(name), field)])),
      required: named.map(([name]) => name).filter(name => !mayLack(name)),
    }),
    ...(items && { items: strict(id, `${path}[]`, items) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: strict(id, `${path}{}`, additionalProperties) }
      : additionalProperties === false && { additionalProperties }),
  };
}
