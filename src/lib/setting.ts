/** What a setting is, and the ways in which its text is read. A parser that cannot use a text says so with `unfit`. */

export interface Setting<T> {
  readonly parse: (text: string) => T;
  readonly fallback: () => T;
  /** What a right value is, for the sentence of a wrong one: "expected …". */
  readonly expected: string;
  readonly doc: string;
  /** The default as the documentation shows it. */
  readonly shown: string;
  readonly aliases?: readonly string[];
  readonly secret?: boolean;
}

/** Thrown by parsers; the reader adds the name and what was expected. */
export class Unfit extends Error {}

export function unfit(): never {
  throw new Unfit();
}

type Extra = { aliases?: readonly string[]; secret?: boolean };

export function integer(
  min: number,
  max: number,
  fallback: number | (() => number),
  doc: string,
  extra: Extra & { shown?: string } = {},
): Setting<number> {
  return {
    parse: text => {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : unfit();
      return value >= min && value <= max ? value : unfit();
    },
    fallback: typeof fallback === 'function' ? fallback : () => fallback,
    expected: `a whole number from ${min} to ${max}`,
    shown: typeof fallback === 'function' ? '' : String(fallback),
    doc,
    ...extra,
  };
}

export function choice<const T extends string>(
  values: readonly T[],
  fallback: T,
  doc: string,
  extra: Extra = {},
): Setting<T> {
  return {
    parse: text => values.find(value => value === text.toLowerCase()) ?? unfit(),
    fallback: () => fallback,
    expected: `one of ${values.join(', ')}`,
    shown: fallback,
    doc,
    ...extra,
  };
}

export function yesNo(fallback: boolean, doc: string, extra: Extra = {}): Setting<boolean> {
  const yes = ['true', 'yes', 'on', '1'];
  const no = ['false', 'no', 'off', '0'];
  return {
    parse: text => yes.includes(text.toLowerCase()) || (no.includes(text.toLowerCase()) ? false : unfit()),
    fallback: () => fallback,
    expected: 'true or false',
    shown: String(fallback),
    doc,
    ...extra,
  };
}

export function text<T>(
  parse: (text: string) => T,
  fallback: T,
  expected: string,
  shown: string,
  doc: string,
  extra: Extra = {},
): Setting<T> {
  return { parse, fallback: () => fallback, expected, shown, doc, ...extra };
}

export function urlOf(...protocols: string[]): (text: string) => string {
  return value => {
    const url = URL.canParse(value) ? new URL(value) : unfit();
    return protocols.includes(url.protocol) ? value : unfit();
  };
}

/** At least one: a lone comma is a mistake, and for a list of credentials one that opens the door. */
export function words(value: string): string[] {
  const found = value
    .split(',')
    .map(word => word.trim())
    .filter(word => word !== '');
  return found.length > 0 ? found : unfit();
}
