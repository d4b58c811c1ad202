// Reads as much of PostgreSQL's wire protocol (version 3) as it takes to know which statement is being run and which
// answer is its own. Without TLS; COPY is not understood.

/** Cuts a connection around a statement whose text fits. */
export interface StatementCut {
  readonly statement: RegExp;
  /** Which one of them, counted over all connections from the call; the first unless given. */
  readonly nth?: number;
  /**
   * `before`: it never reaches the server. `after`: the server has carried it out and committed, and the answer is lost:
   * nobody on the near side can know.
   */
  readonly when: 'before' | 'after';
}

/** Whole messages of a stream: a type byte (none in a client's first message), a length, the rest. */
class Messages {
  #rest: Buffer = Buffer.alloc(0);
  #untyped: boolean;

  constructor(untyped: boolean) {
    this.#untyped = untyped;
  }

  *read(chunk: Buffer): Generator<{ type: string; body: Buffer; end: number }> {
    const before = this.#rest.length;
    const data = Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const head = this.#untyped ? 0 : 1;
      if (data.length - at < head + 4) break;
      const length = data.readUInt32BE(at + head) + head;
      if (data.length - at < length) break;
      const type = this.#untyped ? '' : String.fromCharCode(data[at] ?? 0);
      this.#untyped = false;
      const body = data.subarray(at + head + 4, at + length);
      at += length;
      yield { type, body, end: at - before };
    }
    this.#rest = data.subarray(at);
  }
}

function text(body: Buffer, from: number): { value: string; next: number } {
  const end = body.indexOf(0, from);
  return { value: body.toString('utf8', from, end), next: end + 1 };
}

/** What one connection is doing: statements by their prepared names, and which answer is awaited. */
export class Conversation {
  readonly #asked = new Messages(true);
  readonly #answered = new Messages(false);
  readonly #prepared = new Map<string, string>();
  /** The first "ready for query" is the login's; each sync and each simple query has one more. */
  #wanted = 1;
  #ready = 0;

  /** Texts of the statements that these bytes of the client run, each with the number of the answer that ends it. */
  asked(chunk: Buffer): { statement: string; answer: number }[] {
    const run: { statement: string; answer: number }[] = [];
    for (const { type, body } of this.#asked.read(chunk)) {
      if (type === 'P') {
        const name = text(body, 0);
        this.#prepared.set(name.value, text(body, name.next).value);
      } else if (type === 'B') {
        const { value: name } = text(body, text(body, 0).next);
        run.push({ statement: this.#prepared.get(name) ?? '', answer: this.#wanted + 1 });
      } else if (type === 'Q') {
        this.#wanted++;
        run.push({ statement: text(body, 0).value, answer: this.#wanted });
      } else if (type === 'S') this.#wanted++;
    }
    return run;
  }

  /** How many of these bytes of the server come before the answer of that number, and whether all of it is there. */
  answered(chunk: Buffer, answer: number): { before: number; complete: boolean } {
    let before = this.#ready >= answer - 1 ? 0 : chunk.length;
    for (const { type, end } of this.#answered.read(chunk)) {
      if (type !== 'Z') continue;
      this.#ready++;
      if (this.#ready === answer - 1) before = Math.max(0, end);
    }
    return { before, complete: this.#ready >= answer };
  }
}
