// The Range header (RFC 9110 14.2): one range of bytes. Anything else is as if it were not there.

export interface ByteRange {
  readonly start: number;
  /** Included. */
  readonly end: number;
}

/** The bytes that are asked for; undefined for all of them, `unsatisfiable` when there are none such. */
export function readRange(
  header: string | undefined,
  length: number,
): ByteRange | undefined | 'unsatisfiable' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') {
    const last = Number(match[2]);
    return last === 0 || length === 0
      ? 'unsatisfiable'
      : { start: Math.max(0, length - last), end: length - 1 };
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? length - 1 : Math.min(Number(match[2]), length - 1);
  if (match[2] !== '' && Number(match[2]) < start) return undefined;
  return start >= length ? 'unsatisfiable' : { start, end };
}
