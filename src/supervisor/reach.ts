import { Failure } from '../errors.ts';
import { storeFailure } from '../store/database.ts';
import { Fenced } from '../store/fence.ts';

/** Runs what asks the database, and turns its failure into one for the caller. */
export async function reachStore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Fenced) throw new Failure('DEVICE_ELSEWHERE', undefined, { cause });
    throw storeFailure(cause);
  }
}
