// JSON Schemas for readers: as short text, and as an example to start from.

export function resolved(schema, document) {
  const name = schema?.$ref?.split('/').at(-1);
  return name ? document.components.schemas[name] : schema;
}

/** `a text of 1 to 20`, `"a" | "b"`, `list of {…}`. */
export function typeText(given, document, depth = 0) {
  const schema = resolved(given, document);
  if (!schema || depth > 5) return '…';
  const next = one => typeText(one, document, depth + 1);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map(next).join(' | ');
  if (schema.enum) return schema.enum.map(one => JSON.stringify(one)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.type)) return schema.type.map(type => next({ ...schema, type })).join(' | ');
  if (schema.type === 'array')
    return `list of ${next(schema.items ?? {})}${bounds(schema.minItems, schema.maxItems)}`;
  if (schema.type === 'object' || schema.properties) return objectText(schema, next);
  if (schema.format === 'binary') return 'file';
  const limits = bounds(schema.minimum ?? schema.minLength, schema.maximum ?? schema.maxLength);
  return `${schema.type ?? 'anything'}${limits}${schema.format ? ` (${schema.format})` : ''}`;
}

function objectText({ properties = {}, required = [], additionalProperties }, next) {
  const fields = Object.entries(properties).map(
    ([name, field]) => `${name}${required.includes(name) ? '' : '?'}: ${next(field)}`,
  );
  if (additionalProperties?.type || additionalProperties?.$ref)
    fields.push(`[name]: ${next(additionalProperties)}`);
  return fields.length === 0 ? 'object' : `{ ${fields.join(', ')} }`;
}

function bounds(low, high) {
  const known = value => value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  if (!known(low) && !known(high)) return '';
  return ` ${known(low) ? low : ''}..${known(high) ? high : ''}`;
}

/** What a body might be: the examples, and the required fields that have none by their type. */
export function exampleOf(given, document, depth = 0) {
  const schema = resolved(given, document);
  if (!schema || depth > 5) return null;
  if (schema.example !== undefined) return schema.example;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return exampleOf(choices[0], document, depth + 1);
  if (schema.enum) return schema.enum[0];
  if (schema.const !== undefined) return schema.const;
  const [type] = [schema.type].flat();
  if (type === 'array') return [exampleOf(schema.items, document, depth + 1)];
  if (type === 'boolean') return false;
  if (type === 'integer' || type === 'number') return schema.minimum > 0 ? schema.minimum : 0;
  if (!schema.properties) return type === 'object' ? {} : '';
  const shown = Object.entries(schema.properties).filter(
    ([name, field]) => schema.required?.includes(name) || resolved(field, document)?.example !== undefined,
  );
  return Object.fromEntries(shown.map(([name, field]) => [name, exampleOf(field, document, depth + 1)]));
}
