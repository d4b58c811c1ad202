// The reference of the API: shows what /openapi.json says, and tries operations out.
import { element } from './elements.js';
import { resolved, typeText } from './schemas.js';
import { tryingForm } from './trying.js';

const { base } = document.documentElement.dataset;
const at = id => document.getElementById(id);
const response = await fetch(`${base}/openapi.json`);
const api = await response.json();
if (!response.ok) throw new Error(api.message);

const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);
const families = api.tags.map(tag => ({
  ...tag,
  operations: operations.filter(({ tags }) => tags?.includes(tag.name)),
}));
const other = operations.filter(({ tags }) => !api.tags.some(({ name }) => tags?.includes(name)));
if (other.length > 0) families.push({ name: 'other', description: '', operations: other });

at('version').textContent = `version ${api.info.version}`;
at('about').textContent = api.info.description.replaceAll('`', '');
at('operations').append(...families.filter(family => family.operations.length > 0).map(section));
at('index').append(...families.filter(family => family.operations.length > 0).map(entries));
at('find').addEventListener('input', () => {
  const wanted = at('find').value.trim().toLowerCase();
  for (const { operationId, path, method, summary } of operations) {
    const hides = !`${operationId} ${method} ${path} ${summary}`.toLowerCase().includes(wanted);
    at(operationId).hidden = hides;
    at('index').querySelector(`[href="#${operationId}"]`).hidden = hides;
  }
});
// The target was not there yet when the browser looked for it.
if (location.hash) at(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();

function section({ name, description, operations }) {
  const about = element('p.soft', {}, description ?? '');
  return element(
    'section',
    {},
    element('h2', { id: `family-${name}` }, name),
    about,
    operations.map(article),
  );
}

function entries({ name, operations }) {
  const links = operations.map(({ operationId, method, path, summary }) =>
    element('a', { href: `#${operationId}`, title: summary }, `${method.toUpperCase()} ${path}`),
  );
  return element('div', {}, element('h2', {}, name), links);
}

function article(operation) {
  const {
    operationId,
    method,
    path,
    summary,
    description,
    parameters = [],
    requestBody,
    responses,
  } = operation;
  const title = [element(`span.method.${method}`, {}, method.toUpperCase()), path];
  return element(
    'article.card',
    { id: operationId },
    element('h3', {}, title, element('span.soft', {}, operationId)),
    element('p', {}, summary),
    description !== undefined && element('p.soft', {}, description.replaceAll('`', '')),
    parameters.length > 0 && [element('h4', {}, 'Parameters'), rows(parameters.map(parameter))],
    Object.entries(requestBody?.content ?? {})
      .slice(0, 1)
      .map(([, { schema }]) => [
        element('h4', {}, `Body (${Object.keys(requestBody.content).join(', ')})`),
        fields(schema),
      ]),
    Object.entries(responses).map(([status, answer]) => answerPart(status, answer)),
    tryingForm(operation, api, base),
  );
}

function answerPart(status, { description, content = {} }) {
  const [type, { schema } = {}] = Object.entries(content)[0] ?? [];
  const failed = Number(status) >= 400;
  const known = failed ? element('p.soft.lines', {}, description) : fields(schema ?? {});
  const title = element('summary', {}, failed ? status : `${status} (${type ?? 'no content'})`);
  return element('details', { open: !failed }, title, known);
}

function parameter({ name, in: place, required, schema, description }) {
  const type = `${place}${required ? ', required' : ''}: ${typeText(schema, api)}`;
  return [name, type, description ?? schema.description ?? ''];
}

/** A row for each field of an object; anything else as one text. */
function fields(given) {
  const schema = resolved(given, api);
  if (!schema.properties) return element('pre', {}, typeText(schema, api));
  return rows(
    Object.entries(schema.properties).map(([name, field]) => [
      `${name}${schema.required?.includes(name) ? '' : '?'}`,
      typeText(field, api),
      resolved(field, api).description ?? '',
    ]),
  );
}

function rows(lines) {
  const cells = line =>
    element(
      'tr',
      {},
      line.map(text => element('td', {}, text)),
    );
  return element('div.scroll', {}, element('table', {}, element('tbody', {}, lines.map(cells))));
}
