/**
 * Reading what strangers wrote. A message that came by the phone's hand or out of a history may have been through JSON, so
 * that bytes are base64 and numbers are text: nothing here believes a type.
 */

/** A text with something in it, as it is. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A finite number, out of a protobuf Long or a text too. */
export function number(value: unknown): number | undefined {
  if (value === null || value === undefined || value === '' || typeof value === 'boolean') return undefined;
  const found = Number(value);
  return Number.isFinite(found) ? found : undefined;
}

/** A number that says something: absent fields are 0 in protobuf. */
export function positive(value: unknown): number | undefined {
  const found = number(value);
  return found !== undefined && found > 0 ? found : undefined;
}

/** `true` or nothing. */
export function flag(value: unknown): true | undefined {
  return value === true ? true : undefined;
}

/** Bytes, out of base64 too. */
export function bytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value.length > 0 ? value : undefined;
  return typeof value === 'string' && value !== '' ? Buffer.from(value, 'base64') : undefined;
}

/** The elements that are objects or texts; none when it is no list. */
export function list<T>(value: readonly T[] | null | undefined): readonly NonNullable<T>[] {
  return Array.isArray(value) ? value.filter(each => each !== null && each !== undefined) : [];
}

/** The name of a value of a protobuf enum; as a number when this version does not know it. */
export function nameIn(names: object, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  const name = typeof value === 'string' ? value : (names as Record<number, unknown>)[value as number];
  return typeof name === 'string' ? name : String(value);
}

/** A time in seconds or milliseconds since 1970 in ISO's form; nothing for what is no time of our millennium. */
export function timestamp(value: unknown, unit: 1 | 1000 = 1000): string | undefined {
  const at = (positive(value) ?? 0) * unit;
  return at > 0 && at < LAST_TIME ? new Date(at).toISOString() : undefined;
}

/** Beyond it PostgreSQL and JavaScript do not write a year alike, and one such event fails the statement of all. */
export const LAST_TIME = Date.UTC(3000);

/** Seconds since 1970, as WhatsApp gives them, in milliseconds; now, when they are no time. */
export function timeOf(stamp: unknown): number {
  const at = Number(stamp ?? 0) * 1000;
  return at > 0 && at < LAST_TIME ? at : Date.now();
}

export type Fields = Readonly<Record<string, unknown>>;

/** Without what is not given: a field without a value is left out. */
export function given(fields: Fields): Fields {
  const found: Record<string, unknown> = {};
  for (const name in fields) if (fields[name] !== undefined) found[name] = fields[name];
  return found;
}
