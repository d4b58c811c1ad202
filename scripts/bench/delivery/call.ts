/** Requests to a child over IPC, and the child's answers to them. */
import { type Deferred, deferred } from '../../../src/lib/deferred.ts';
import type { Child } from '../children.ts';
import type { Reply } from './protocol.ts';

/** Makes the asking end; `heard` gets whatever comes that is no answer. What is asked fails when the child ends. */
export function caller<To extends { readonly op: string }, From extends object>(
  child: Child,
  heard: (message: unknown) => void = () => {},
): <Op extends To['op'] & keyof From>(message: Extract<To, { op: Op }>) => Promise<From[Op]> {
  const calls = new Map<number, Deferred<unknown>>();
  let last = 0;
  child.process.on('message', (message: Reply | { op: string }) => {
    if ('op' in message) return heard(message);
    const call = calls.get(message.id);
    calls.delete(message.id);
    if (message.error === undefined) call?.resolve(message.value);
    else call?.reject(new Error(message.error));
  });
  child.process.on('exit', () => {
    for (const { reject } of calls.values()) reject(new Error(`a child ended: ${child.last.join('\n')}`));
  });
  return async message => {
    const answer = deferred<unknown>();
    const id = ++last;
    calls.set(id, answer);
    child.process.send({ id, message });
    return (await answer.promise) as never;
  };
}

/** The answering end, in the child's process, which ends with its parent. */
export function answer<To>(work: (message: To) => Promise<unknown>): void {
  process.on('message', ({ id, message }: { id: number; message: To }) => {
    work(message).then(
      value => process.send?.({ id, value } satisfies Reply),
      (error: unknown) =>
        process.send?.({ id, error: String(error instanceof Error ? error.stack : error) } satisfies Reply),
    );
  });
  process.on('disconnect', () => process.exit(0));
}
