// The form that tries an operation out. What it sends is shown as a curl command, without the credential.
import { element } from './elements.js';
import { exampleOf, resolved } from './schemas.js';

const key = document.querySelector('#key');

export function tryingForm({ method, path, parameters = [], requestBody }, api, base) {
  const result = element('pre', { hidden: true, role: 'status' });
  const command = element('pre.soft', { hidden: true });
  const inputs = parameters.map(({ name, in: place, required }) =>
    labelled(
      `${name} (${place})`,
      element('input', { name: `${place} ${name}`, required, autocomplete: 'off' }),
    ),
  );
  const body = requestBody && bodyFields(requestBody.content, api);
  const form = element('form', {}, inputs, body?.fields ?? [], element('button', { type: 'submit' }, 'Send'));
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const given = new FormData(form);
    const request = { method: method.toUpperCase(), headers: { ...body?.headers() } };
    const at = base + filled(path, parameters, given, request.headers);
    if (body) request.body = body.content(given);
    command.textContent = curl(at, request);
    command.hidden = false;
    // A browser that has a user and a password for this page sends them by itself.
    if (key.value) request.headers.authorization = `Bearer ${key.value}`;
    await showAnswer(result, at, request);
  });
  return element('details.try', {}, element('summary', {}, 'Try it'), form, command, result);
}

async function showAnswer(result, at, request) {
  result.hidden = false;
  result.replaceChildren('…');
  try {
    const response = await fetch(at, request);
    const type = response.headers.get('content-type') ?? '';
    if (type.startsWith('image/')) {
      const picture = element('img', { src: await asDataUrl(await response.blob()), alt: 'The answer' });
      result.replaceChildren(`${response.status}\n`, picture);
      return;
    }
    result.textContent = `${response.status}\n${pretty(await response.text())}`;
  } catch (error) {
    result.textContent = `No answer: ${error.message}`;
  }
}

/** JSON is written as text; a form has its fields, which may be files. */
function bodyFields(content, api) {
  if (content['application/json']) {
    const text = element('textarea', { name: 'body', rows: 6, spellcheck: false });
    text.value = JSON.stringify(exampleOf(content['application/json'].schema, api), undefined, 2);
    return {
      fields: [labelled('Body (JSON)', text)],
      headers: () => ({ 'content-type': 'application/json' }),
      content: () => text.value,
    };
  }
  const [type, { schema }] = Object.entries(content)[0];
  if (type !== 'multipart/form-data') {
    const file = element('input', { type: 'file' });
    return {
      fields: [labelled(`Body (${type})`, file)],
      headers: () => ({ 'content-type': type }),
      content: () => file.files[0] ?? '',
    };
  }
  const named = Object.entries(resolved(schema, api).properties ?? {});
  return {
    fields: named.map(([name, field]) =>
      labelled(
        name,
        element('input', { name: `body ${name}`, type: field.format === 'binary' ? 'file' : 'text' }),
      ),
    ),
    headers: () => ({}),
    content: given => {
      const form = new FormData();
      for (const [name] of named) {
        const value = given.get(`body ${name}`);
        if (value !== '' && value?.size !== 0) form.append(name, value);
      }
      return form;
    },
  };
}

function filled(path, parameters, given, headers) {
  let at = path;
  const query = new URLSearchParams();
  for (const { name, in: place } of parameters) {
    const value = given.get(`${place} ${name}`);
    if (place === 'path') at = at.replace(`{${name}}`, encodeURIComponent(value));
    else if (value === '') continue;
    else if (place === 'header') headers[name] = encodeURIComponent(value);
    else query.set(name, value);
  }
  return query.size > 0 ? `${at}?${query}` : at;
}

function curl(at, { method, headers, body }) {
  const quoted = text => `'${text.replaceAll("'", "'\\''")}'`;
  const parts = [`curl -X ${method} ${quoted(new URL(at, location.href).href)}`];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (typeof body === 'string') parts.push(`-d ${quoted(body)}`);
  if (body instanceof FormData)
    for (const [name, value] of body)
      parts.push(`-F ${quoted(`${name}=${value instanceof File ? `@${value.name}` : value}`)}`);
  return parts.join(' \\\n  ');
}

const labelled = (text, input) => element('label', {}, text, input);

/** The page's policy lets pictures come from this server or as data. */
function asDataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
