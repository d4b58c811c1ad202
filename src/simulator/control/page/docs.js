// The API's reference: renders /openapi.json, and tries operations out.
import { $, el } from './dom.js';
import { typeText } from './schema-text.js';

const api = await (await fetch('/openapi.json')).json();

$('version').textContent = `version ${api.info.version}`;
const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);
const tags = api.tags.map(tag => ({
  ...tag,
  operations: operations.filter(operation => operation.tags?.includes(tag.name)),
}));

$('operations').append(
  el('p', {}, api.info.description.replaceAll('`', '')),
  ...tags.map(tag =>
    el(
      'section',
      {},
      el('h2', { id: tag.name }, tag.name),
      el('p.sub', {}, tag.description ?? ''),
      tag.operations.map(article),
    ),
  ),
);
$('index').append(
  ...tags.map(tag =>
    el(
      'div',
      {},
      el('h2', {}, tag.name),
      tag.operations.map(({ operationId, summary }) =>
        el('a', { href: `#${operationId}`, title: summary }, operationId),
      ),
    ),
  ),
);
$('find').addEventListener('input', () => {
  const wanted = $('find').value.trim().toLowerCase();
  for (const { operationId, path, summary } of operations) {
    const hides = !`${operationId} ${path} ${summary}`.toLowerCase().includes(wanted);
    $(operationId).hidden = hides;
    $('index').querySelector(`[href="#${operationId}"]`).hidden = hides;
  }
});
// The target did not exist yet when the browser looked for it.
if (location.hash) $(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();

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
  const [bodyType, body] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const [answerType, answer] = Object.entries(responses['200'].content)[0];
  return el(
    'article.operation',
    { id: operationId },
    el('h3', {}, el(`span.method.${method}`, {}, method.toUpperCase()), path, el('span.id', {}, operationId)),
    el('p', {}, summary),
    description && el('p.sub', {}, description.replaceAll('`', '')),
    parameters.length > 0 && part('Parameters', el('table', {}, el('tbody', {}, parameters.map(parameter)))),
    body && part(`Body (${bodyType})`, schema(body.schema)),
    part(`Answer (${answerType})`, schema(answer.schema)),
    answerType === 'application/json' && trying(operation, parameters, bodyType),
  );
}

function part(title, content) {
  return [el('h4', {}, title), content];
}

function parameter({ name, in: place, required, schema: type, description }) {
  return el(
    'tr',
    {},
    el('td', {}, name),
    el('td', {}, `${place}${required ? ', required' : ''}: ${typeText(type, api)}`),
    el('td', {}, description ?? type.description ?? ''),
  );
}

/** A table of fields for an object, its type as text for everything else. */
function schema(given) {
  const type = given.$ref ? api.components.schemas[given.$ref.split('/').at(-1)] : given;
  const one =
    type.type === 'array'
      ? type.items.$ref
        ? api.components.schemas[type.items.$ref.split('/').at(-1)]
        : type.items
      : type;
  if (!one.properties) return el('pre', {}, typeText(type, api));
  const rows = Object.entries(one.properties).map(([name, field]) =>
    el(
      'tr',
      {},
      el('td', {}, `${name}${one.required?.includes(name) ? '' : '?'}`),
      el('td', {}, typeText(field, api)),
      el('td', {}, field.description ?? ''),
    ),
  );
  return el(
    'div',
    {},
    type.type === 'array' && el('p.sub', {}, 'A list of:'),
    el('table', {}, el('tbody', {}, rows)),
  );
}

function trying({ method, path }, parameters, bodyType) {
  const result = el('pre', { hidden: true, role: 'status' });
  const inputs = parameters.map(({ name, in: place, required }) =>
    el(
      'label',
      {},
      `${name} (${place})`,
      el('input', { name: `${place} ${name}`, required: required === true, autocomplete: 'off' }),
    ),
  );
  const body =
    bodyType && el('label', {}, 'Body', el('textarea', { name: 'body', rows: 4, spellcheck: false }));
  const form = el(
    'form',
    {
      onsubmit: async event => {
        event.preventDefault();
        const given = new FormData(form);
        let url = path;
        const query = new URLSearchParams();
        for (const { name, in: place } of parameters) {
          const value = given.get(`${place} ${name}`);
          if (place === 'path') url = url.replace(`{${name}}`, encodeURIComponent(value));
          else if (value !== '') query.set(name, value);
        }
        const response = await fetch(query.size > 0 ? `${url}?${query}` : url, {
          method: method.toUpperCase(),
          ...(bodyType && { body: given.get('body'), headers: { 'content-type': bodyType } }),
        });
        const answer = await response.text();
        result.hidden = false;
        result.textContent = `${response.status}\n${pretty(answer)}`;
      },
    },
    inputs,
    body,
    el('button.primary', { type: 'submit' }, 'Send'),
  );
  return el('details.try', {}, el('summary', {}, 'Try it'), form, result);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
