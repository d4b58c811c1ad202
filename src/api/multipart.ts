// A multipart form with files: the fields are kept, the files are written to the disk as they come.
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { Busboy, type BusboyEvents, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import { Failure } from '../errors.ts';
import { deferred } from '../lib/deferred.ts';
import { cleanName } from '../lib/file-name.ts';
import type { Batch, Upload } from '../media/port.ts';
import { invalid } from './validate.ts';

/** A field of a form that may be a file, or several. */
export interface FileField {
  readonly maxBytes: number;
  /** How many; one unless given. */
  readonly many?: number;
}
export type FileFields = Readonly<Record<string, FileField>>;

/** All fields of a form together, as much as any other body. */
const MOST_FIELDS = 200;

/** A file that was not written. */
const NOTHING = { bytes: 0, path: '' } as const;

/** The fields of the form in their order, and its files by field. Of the files nothing is in memory. */
export interface FormWithFiles {
  readonly form: readonly (readonly [name: string, value: string | File])[];
  readonly files: Record<string, Upload[]>;
}

/**
 * Fails with PAYLOAD_TOO_LARGE as soon as one file is over its limit, VALIDATION_ERROR for a file that is empty or one too
 * many, BAD_REQUEST for a form that cannot be read.
 */
export async function readFiles(
  { body, type }: { readonly body: Readable; readonly type: string },
  fields: FileFields,
  batch: Batch,
  maxText: number,
): Promise<FormWithFiles> {
  const form: (readonly [string, string | File])[] = [];
  const files: Record<string, (Upload | undefined)[]> = Object.create(null);
  const open: Readable[] = [];
  const writes: Promise<void>[] = [];
  const parsed = deferred<void>();
  let failed: Error | undefined;
  const refuse = (error: Error) => {
    failed ??= error;
    parsed.reject(error);
  };
  const parser = openParser(type, maxText);
  let text = 0;

  const hearField: BusboyEvents['field'] = (name, value, nameCut, valueCut) => {
    text += value.length;
    if (nameCut || valueCut || text > maxText)
      refuse(
        new Failure('PAYLOAD_TOO_LARGE', `The fields of the form are larger than ${maxText / 1_048_576} MB.`),
      );
    else form.push([name, value]);
  };
  const hearFile: BusboyEvents['file'] = (name, stream, filename, _encoding, mimetype) => {
    open.push(stream);
    const field = name.endsWith('[]') ? name.slice(0, -2) : name;
    const limit = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (!limit) {
      // The schema says whether a text was expected there.
      form.push([name, new File([], 'file')]);
      stream.resume();
      return;
    }
    // In the order in which they came, however long each takes to be written.
    files[field] ??= [];
    const place = files[field].push(undefined) - 1;
    const most = limit.many ?? 1;
    const keep = async () => {
      // Nothing of one too many is written: sixty of them would be sixty times what a request may put on the disk.
      if (place >= most) for await (const _ of stream) throw invalid(field, `expected at most ${most} of it`);
      const { bytes, path } =
        place < most ? await batch.write(stream, { maxBytes: limit.maxBytes, field }) : NOTHING;
      // What a browser sends for a choice that nobody made.
      if (bytes === 0 && !filename) return;
      if (bytes === 0) throw invalid(field, 'the file is empty');
      const named = cleanName(filename);
      files[field]![place] = {
        path,
        bytes,
        mimetype: mimetype.toLowerCase(),
        ...(named !== undefined && { filename: named }),
      };
    };
    writes.push(keep().catch(refuse));
  };
  parser.on('field', hearField);
  parser.on('file', hearFile);
  for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const)
    parser.on(limit, () => refuse(new Failure('BAD_REQUEST', 'The form has too many parts.')));

  // Not by a pipeline: that would end a request that is refused in its middle, and the caller would not hear why. What is
  // left of it is thrown away by the server.
  const cut = () => {
    if (!body.readableEnded) refuse(new Error('the request ended before its body did'));
  };
  parser.on('finish', () => parsed.resolve());
  parser.on('error', refuse);
  body.on('error', refuse);
  body.once('close', cut);
  if (body.destroyed) cut();
  else body.pipe(parser);
  try {
    await parsed.promise;
    // One of them may have refused its file after the parser was through.
    await Promise.all(writes);
    if (failed) throw failed;
  } catch (cause) {
    body.unpipe(parser);
    // The parser does not end what it was in the middle of.
    for (const stream of open) stream.destroy();
    await Promise.all(writes);
    const why = failed ?? cause;
    if (why instanceof Failure) throw why;
    throw new Failure('BAD_REQUEST', 'The multipart form cannot be read.', { cause: why });
  } finally {
    body.off('close', cut);
  }
  const given = Object.entries(files).map(
    ([field, some]) => [field, some.filter(file => file !== undefined)] as const,
  );
  return { form, files: Object.fromEntries(given) };
}

/** The body of a request as it comes: of one over a socket without web streams between, which take a third of its CPU. */
export function bodyOf(request: Request, incoming: Readable | undefined): Readable {
  return incoming ?? Readable.fromWeb((request.body ?? new Blob([]).stream()) as ReadableStream);
}

function openParser(type: string, maxText: number): BusboyInstance {
  const headers = { 'content-type': type } as BusboyHeaders;
  try {
    return new Busboy({
      headers,
      limits: { fieldSize: maxText, fields: MOST_FIELDS, files: 64, parts: MOST_FIELDS + 64 },
    });
  } catch (cause) {
    throw new Failure('BAD_REQUEST', 'The multipart form cannot be read.', { cause });
  }
}
