import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The first of its body. */
  readonly head: Buffer;
}

export interface Request {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Limits {
  /** Of an answer nothing but the status counts; so much is read so that the connection can be used again. */
  readonly answerBytes: number;
  /** So much of it is kept. */
  readonly headBytes: number;
}

/**
 * One POST and its answer, by undici's `dispatch`: `request` makes a stream of each answer, and an AbortSignal for each
 * deadline costs as much again; without both a POST takes half of the CPU.
 */
export class Exchange {
  /** Once the answer is there as far as it will be. Fails when it ends before there was a status. */
  readonly answer: Promise<Answer>;
  readonly #limits: Limits;
  readonly #parts: Buffer[] = [];
  #bytes = 0;
  #started: { readonly status: number; readonly headers: IncomingHttpHeaders } | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #ended: Error | undefined;
  #resolve!: (answer: Answer) => void;
  #reject!: (reason: Error) => void;

  constructor(agent: Dispatcher, { url, headers, body }: Request, limits: Limits) {
    this.#limits = limits;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const path = `${url.pathname}${url.search}`;
    agent.dispatch({ origin: url.origin, path, method: 'POST', headers, body }, this.#handler());
  }

  /** Ends it now: with its status if that has come, or else with the reason. */
  end(reason: Error): void {
    this.#ended ??= reason;
    this.#controller?.abort(reason);
    this.#settle(reason);
  }

  #handler(): Dispatcher.DispatchHandler {
    return {
      onRequestStart: controller => {
        this.#controller = controller;
        // It was ended while it waited for its connection.
        if (this.#ended) controller.abort(this.#ended);
      },
      onResponseStart: (_, status, headers) => {
        // 100 and 103 are no answers.
        if (status >= 200) this.#started = { status, headers };
      },
      onResponseData: (controller, chunk) => {
        const { answerBytes, headBytes } = this.#limits;
        if (this.#bytes < headBytes) this.#parts.push(chunk.subarray(0, headBytes - this.#bytes));
        this.#bytes += chunk.length;
        if (this.#bytes > answerBytes) controller.abort(new RangeError('a long answer'));
      },
      onResponseEnd: () => this.#settle(),
      onResponseError: (_, error) => this.#settle(error),
    };
  }

  /**
   * The status is the answer, whatever becomes of the rest: too long, too slow or broken off. An Error is made only for who
   * needs one: its stack is a twelfth of what a POST costs.
   */
  #settle(reason?: Error): void {
    if (this.#started) this.#resolve({ ...this.#started, head: Buffer.concat(this.#parts) });
    else this.#reject(reason ?? new Error('no status'));
  }
}
