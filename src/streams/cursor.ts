// What a reader keeps to go on from: of one device the number of the last event, of several its place among all. A cursor
// says where, never what: whoever shows one gets what its key may read, and nothing else.
import { Failure } from '../errors.ts';
import type { Place } from '../store/pages.ts';

const LARGEST_XID = 2n ** 64n - 1n;
const LARGEST_POS = 2n ** 63n - 1n;

/** The number of an event. Fails with VALIDATION_ERROR. */
export function numberOf(cursor: string): number {
  const seq = /^\d{1,16}$/.test(cursor) ? Number(cursor) : Number.NaN;
  if (!Number.isSafeInteger(seq)) throw bad('expected the seq of an event, or a cursor of an earlier answer');
  return seq;
}

/** The place of an event, as `cursorOf` writes it: PostgreSQL reads an xid that begins with 0 as octal. Fails with VALIDATION_ERROR. */
export function placeOf(cursor: string): Place {
  const [, xid, pos] = /^(0|[1-9]\d{0,19})\.(0|[1-9]\d{0,18})$/.exec(cursor) ?? [];
  if (xid === undefined || pos === undefined || BigInt(xid) > LARGEST_XID || BigInt(pos) > LARGEST_POS)
    throw bad('expected a cursor of an earlier answer over all devices');
  return { xid, pos };
}

export const cursorOf = ({ xid, pos }: Place): string => `${xid}.${pos}`;

/** A cursor that no answer can have had. */
export const ahead = () =>
  bad('is ahead of all events that there are; it is of another device or another database');

function bad(sentence: string): Failure {
  return new Failure('VALIDATION_ERROR', `after: ${sentence}.`, { results: { field: 'after' } });
}
