// JSON schemas as short text: `{id: string, count?: integer 1..100}`.

export function typeText(schema, api, depth = 0) {
  if (!schema || depth > 6) return '…';
  if (schema.$ref) return typeText(api.components.schemas[schema.$ref.split('/').at(-1)], api, depth + 1);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map(one => typeText(one, api, depth + 1)).join(' | ');
  if (schema.allOf) return schema.allOf.map(one => typeText(one, api, depth + 1)).join(' & ');
  if (schema.enum) return schema.enum.map(one => JSON.stringify(one)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.type))
    return schema.type.map(type => typeText({ ...schema, type }, api, depth + 1)).join(' | ');
  if (schema.type === 'array') return `${grouped(typeText(schema.items, api, depth + 1))}[]`;
  if (schema.type === 'object' || schema.properties) return objectText(schema, api, depth);
  return `${schema.type ?? 'anything'}${boundsText(schema)}`;
}

const grouped = text => (text.includes(' | ') ? `(${text})` : text);

function objectText({ properties, required = [], additionalProperties }, api, depth) {
  const fields = Object.entries(properties ?? {}).map(
    ([name, field]) => `${name}${required.includes(name) ? '' : '?'}: ${typeText(field, api, depth + 1)}`,
  );
  if (
    additionalProperties &&
    typeof additionalProperties === 'object' &&
    Object.keys(additionalProperties).length > 0
  )
    fields.push(`[name]: ${typeText(additionalProperties, api, depth + 1)}`);
  return fields.length === 0 ? 'object' : `{${fields.join(', ')}}`;
}

function boundsText({ minimum, maximum, minLength, maxLength, pattern }) {
  const bounded = (low, high) =>
    low === undefined && high === undefined ? '' : ` ${low ?? ''}..${high ?? ''}`;
  const exact = value =>
    value === undefined || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? undefined : value;
  return `${bounded(exact(minimum), exact(maximum))}${bounded(minLength, maxLength)}${pattern ? ` /${pattern}/` : ''}`;
}
