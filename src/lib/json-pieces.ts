/**
 * A large JSON object, parsed piece by piece: its fields one after the other, and of a field that is a list each item. What
 * a piece is, JSON.parse judges; here only its end is looked for.
 */
import type { Pauses } from './pauses.ts';

const code = (char: string) => char.charCodeAt(0);
const [QUOTE, BACKSLASH, COMMA, COLON] = [code('"'), code('\\'), code(','), code(':')];
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [code('{'), code('}'), code('['), code(']')];
/** More than any archive has: what is kept of them is several times as large as the text. */
const MOST_FIELDS = 64;
const MOST_ITEMS = 4_000_000;
const SPACES: ReadonlySet<number | undefined> = new Set([' ', '\n', '\r', '\t'].map(code));

/**
 * What JSON.parse would make of it. Fails with SyntaxError where it would, for what is no object, and for more fields or items
 * than anybody needs.
 */
export async function parseObject(
  text: Buffer,
  pauses: Pick<Pauses, 'due' | 'take'>,
): Promise<Record<string, unknown>> {
  const fields: [string, unknown][] = [];
  const reader = new Reader(text);
  reader.expect(OPEN);
  for (let more = !reader.took(CLOSE); more; more = reader.another(CLOSE)) {
    const name = reader.piece();
    if (typeof name !== 'string') throw new SyntaxError('a field without a name');
    if (fields.length >= MOST_FIELDS) throw new SyntaxError('too many fields');
    reader.expect(COLON);
    if (!reader.took(OPEN_LIST)) {
      fields.push([name, reader.piece()]);
      continue;
    }
    const list: unknown[] = [];
    for (let item = !reader.took(CLOSE_LIST); item; item = reader.another(CLOSE_LIST)) {
      if (list.length >= MOST_ITEMS) throw new SyntaxError('too many items');
      if (pauses.due) await pauses.take();
      list.push(reader.piece());
    }
    fields.push([name, list]);
  }
  reader.end();
  return Object.fromEntries(fields);
}

class Reader {
  readonly #text: Buffer;
  #at = 0;

  constructor(text: Buffer) {
    this.#text = text;
  }

  /** The next value. */
  piece(): unknown {
    this.#space();
    const from = this.#at;
    this.#skip();
    return JSON.parse(this.#text.toString('utf8', from, this.#at));
  }

  took(byte: number): boolean {
    this.#space();
    if (this.#text[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  expect(byte: number): void {
    if (!this.took(byte)) throw new SyntaxError(`unexpected byte at ${this.#at}`);
  }

  /** After a value: whether there is another, or this was the last. */
  another(close: number): boolean {
    if (this.took(close)) return false;
    this.expect(COMMA);
    return true;
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw new SyntaxError(`more than an object, at ${this.#at}`);
  }

  #space(): void {
    while (SPACES.has(this.#text[this.#at])) this.#at++;
  }

  /** To the end of the value that begins here, if it is one. */
  #skip(): void {
    let depth = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const byte = this.#text[this.#at];
      if (byte === QUOTE) this.#at = this.#closing();
      else if (byte === OPEN || byte === OPEN_LIST) depth++;
      else if (byte === CLOSE || byte === CLOSE_LIST) {
        if (depth === 0) return;
        depth--;
      } else if (depth === 0 && (byte === COMMA || byte === COLON)) return;
    }
  }

  /** Where the text ends that begins here. */
  #closing(): number {
    for (let at = this.#at; ; ) {
      at = this.#text.indexOf(QUOTE, at + 1);
      if (at < 0) throw new SyntaxError('a text without an end');
      let escapes = 0;
      while (this.#text[at - 1 - escapes] === BACKSLASH) escapes++;
      if (escapes % 2 === 0) return at;
    }
  }
}
