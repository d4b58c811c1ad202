/** What is in a device's archive, as text: read back with every field checked, for whoever locked it may be anybody. */
import { ArchiveBroken } from '../lib/archive.ts';
import { parseObject } from '../lib/json-pieces.ts';
import { Pauses } from '../lib/pauses.ts';
import type { DeviceState, KindName } from '../store/device-state.ts';
import { signalKinds } from '../store/signal-keys.ts';

export interface ArchiveContent {
  /** Where its devices connect to: those of a simulator are strangers to WhatsApp. */
  readonly world: string;
  readonly exportedAt: Date;
  readonly device: {
    readonly id: string;
    readonly jid: string;
    readonly lid: string | null;
    readonly name: string | null;
  };
  readonly state: DeviceState;
}

/** Of this text. A newer one with more in it has a higher number. */
const FORMAT = 1;
const OUTGOING_STATES = 6;
/** Characters that become bytes together. */
const PART = 262_144;

const base64 = (bytes: Buffer | null) => bytes?.toString('base64') ?? null;

/** In pieces, as it is read back: other work of the thread has its turns meanwhile. */
export async function encodeContent({ world, exportedAt, device, state }: ArchiveContent): Promise<Buffer> {
  const text = new Text();
  const about = { format: FORMAT, world, exported_at: exportedAt.toISOString(), device };
  text.add(JSON.stringify({ ...about, credentials: base64(state.credentials) }).slice(0, -1));
  await text.list('keys', state.keys, ({ kind, id, value }) => [kind, id, base64(value)]);
  await text.list('inbox', state.inbox, ({ hash, stanza, plaintext }) => [
    ...[base64(hash), base64(stanza), base64(plaintext)],
  ]);
  await text.list('received', state.received, base64);
  await text.list('outgoing', state.outgoing, one => [
    ...[one.id, one.chat, base64(one.message), one.state, one.reason, one.tries],
    ...[one.createdAt.getTime(), one.stateAt.getTime()],
  ]);
  text.add('}');
  return text.bytes();
}

class Text {
  readonly #pauses = new Pauses();
  readonly #parts: Buffer[] = [];
  #last = '';

  add(piece: string): void {
    this.#last += piece;
    if (this.#last.length < PART) return;
    this.#parts.push(Buffer.from(this.#last));
    this.#last = '';
  }

  /** A further field of the object that was begun. */
  async list<T>(name: string, items: readonly T[], written: (item: T) => unknown): Promise<void> {
    this.add(`,"${name}":[`);
    for (const [n, item] of items.entries()) {
      if (this.#pauses.due) await this.#pauses.take();
      this.add(`${n === 0 ? '' : ','}${JSON.stringify(written(item))}`);
    }
    this.add(']');
  }

  bytes(): Buffer {
    return Buffer.concat([...this.#parts, Buffer.from(this.#last)]);
  }
}

/** Fails with ArchiveBroken. */
export async function decodeContent(text: Buffer): Promise<ArchiveContent> {
  const pauses = new Pauses();
  const read = await parseObject(text, pauses).catch((cause: unknown) => {
    throw unfit(cause);
  });
  const list = async <T>(value: unknown, one: (item: unknown) => T): Promise<T[]> => {
    const items: T[] = [];
    for (const item of array(value)) {
      if (pauses.due) await pauses.take();
      items.push(one(item));
    }
    return items;
  };
  if (typeof read.format === 'number' && read.format > FORMAT)
    throw new ArchiveBroken(
      'newer',
      `The archive was written by a later version (format ${read.format}); this program reads ${FORMAT}.`,
    );
  if (read.format !== FORMAT) throw unfit();
  const device = record(read.device);
  const content: ArchiveContent = {
    world: string(read.world),
    exportedAt: date(Date.parse(string(read.exported_at))),
    device: {
      id: string(device.id),
      jid: string(device.jid),
      lid: orNull(device.lid, string),
      name: orNull(device.name, string),
    },
    state: {
      credentials: bytes(read.credentials),
      keys: await list(
        read.keys,
        row(([kind, id, value]) => ({
          kind: kindOf(kind),
          id: string(id),
          value: bytes(value),
        })),
      ),
      inbox: await list(
        read.inbox,
        row(([hash, stanza, plaintext]) => ({
          hash: bytes(hash),
          stanza: orNull(stanza, bytes),
          plaintext: orNull(plaintext, bytes),
        })),
      ),
      received: await list(read.received, bytes),
      outgoing: await list(
        read.outgoing,
        row(([id, chat, message, state, reason, tries, createdAt, stateAt]) => ({
          id: string(id),
          chat: string(chat),
          message: bytes(message),
          state: whole(state, OUTGOING_STATES - 1),
          reason: orNull(reason, string),
          tries: whole(tries, 32_767),
          createdAt: date(createdAt),
          stateAt: date(stateAt),
        })),
      ),
    },
  };
  assertSame(content);
  return content;
}

/** The credentials know whose they are; anything else would be told of the wrong account. */
function assertSame({ device, state }: ArchiveContent): void {
  let me: unknown;
  try {
    me = record(record(JSON.parse(state.credentials.toString('utf8'))).me).id;
  } catch (cause) {
    throw unfit(cause);
  }
  if (me !== device.jid) throw unfit();
}

function unfit(cause?: unknown): ArchiveBroken {
  return new ArchiveBroken('damaged', 'What is in the archive is not a device.', { cause });
}

function record(value: unknown): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw unfit();
  return value as Record<string, unknown>;
}

function array(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw unfit();
  return value;
}

function row<T>(read: (fields: readonly unknown[]) => T): (item: unknown) => T {
  return item => read(array(item));
}

function string(value: unknown): string {
  // The one character that PostgreSQL does not store.
  if (typeof value !== 'string' || value.includes('\0')) throw unfit();
  return value;
}

function bytes(value: unknown): Buffer {
  const text = string(value);
  const read = Buffer.from(text, 'base64');
  if (read.toString('base64') !== text) throw unfit();
  return read;
}

function whole(value: unknown, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) throw unfit();
  return value;
}

function date(value: unknown): Date {
  return new Date(whole(value, 8.64e15));
}

function orNull<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null ? null : read(value);
}

function kindOf(value: unknown): KindName {
  const kind = string(value);
  if (!Object.hasOwn(signalKinds, kind)) throw unfit();
  return kind as KindName;
}
