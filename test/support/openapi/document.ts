// Our own API description, as tests that walk or shake it read it.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly example?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

type Content = Readonly<Record<string, { readonly schema?: JsonSchema }>>;

export interface Described {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, JsonSchema>> };
}

export interface ApiOperation extends Described {
  readonly method: string;
  readonly path: string;
}

export function operationsOf(document: ApiDocument): ApiOperation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ method, path, ...described })),
  );
}

export function resolvedSchema(schema: JsonSchema, document: ApiDocument): JsonSchema {
  const name = schema.$ref?.split('/').at(-1);
  const found = name === undefined ? schema : document.components?.schemas?.[name];
  if (!found) throw new Error(`the document has no schema ${name}`);
  return found;
}

export interface Answered {
  readonly status: number;
  /** Without parameters; empty where there is none. */
  readonly type: string;
  /** Parsed where it is JSON. */
  readonly body: unknown;
}

/** Tells what is wrong with an answer: a status, a type or a body that the document does not have for the operation. */
export function answerJudge(
  document: ApiDocument,
): (operation: ApiOperation, heard: Answered) => string | undefined {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'api');
  const known = new Map<string, ValidateFunction>();
  const escaped = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1');
  return ({ path, method, responses }, { status, type, body }) => {
    const content = responses[status]?.content;
    if (!responses[status])
      return `status ${status} is not documented: ${JSON.stringify(body)?.slice(0, 500)}`;
    if (!content) return undefined;
    if (!(type in content) && !('*/*' in content)) return `${status} of type ${type} is not documented`;
    if (type !== 'application/json') return undefined;
    const at = ['paths', path, method, 'responses', String(status), 'content', type, 'schema'].map(escaped);
    const key = at.join('/');
    const valid = known.get(key) ?? ajv.compile({ $ref: `api#/${key}` });
    known.set(key, valid);
    return valid(body)
      ? undefined
      : `${status}: ${ajv.errorsText(valid.errors)} in ${JSON.stringify(body).slice(0, 1_000)}`;
  };
}
