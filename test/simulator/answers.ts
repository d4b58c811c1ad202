// Holds every answer of the control plane that a simulator test sees to the OpenAPI document.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

interface Documented {
  readonly method: string;
  readonly path: RegExp;
  readonly id: string;
  readonly validate: () => ValidateFunction;
}

interface Document {
  paths: Record<
    string,
    Record<string, { operationId: string; responses: Record<string, { content: Record<string, unknown> }> }>
  >;
}

/** The same for every simulator of this process, so it is fetched from the first. */
let operations: Promise<Documented[]> | undefined;

/** Throws when the answer is not as documented. Resolves with the operation's id; undefined for an undocumented route. */
export async function holdToDocument(
  controlUrl: string,
  method: string,
  path: string,
  answer: unknown,
): Promise<string | undefined> {
  operations ??= read(controlUrl);
  const where = path.split('?')[0] ?? '';
  const operation = (await operations).find(one => one.method === method && one.path.test(`/admin${where}`));
  if (!operation) return undefined;
  const validate = operation.validate();
  if (validate(answer)) return operation.id;
  throw new Error(`the answer of ${operation.id} is not as documented: ${JSON.stringify(validate.errors)}`);
}

async function read(controlUrl: string): Promise<Documented[]> {
  const document = (await (await fetch(`${controlUrl}/openapi.json`)).json()) as Document;
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(document, 'openapi');
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { responses }]) => responses['200']?.content['application/json'])
      .map(([method, { operationId }]) => {
        const place = ['paths', path, method, 'responses', '200', 'content', 'application/json', 'schema'];
        const pointer = place.map(part => encodeURIComponent(part.replaceAll('/', '~1'))).join('/');
        return {
          method: method.toUpperCase(),
          // A literal part wins over a parameter only by order, as in the router: none of ours overlap.
          path: new RegExp(`^${path.replaceAll(/\{.+?\}/g, '[^/]+')}$`),
          id: operationId,
          validate: () =>
            ajv.getSchema(`openapi#/${pointer}`) ?? ajv.compile({ $ref: `openapi#/${pointer}` }),
        };
      }),
  );
}
