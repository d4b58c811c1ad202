/** What is in a device's archive, as text: read back with every field checked, for whoever locked it may be anybody. */
import { ArchiveBroken } from '../lib/archive.ts';
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

const base64 = (bytes: Buffer | null) => bytes?.toString('base64') ?? null;

export function encodeContent({ world, exportedAt, device, state }: ArchiveContent): Buffer {
  const { credentials, keys, inbox, received, outgoing } = state;
  return Buffer.from(
    JSON.stringify({
      format: FORMAT,
      world,
      exported_at: exportedAt.toISOString(),
      device,
      credentials: base64(credentials),
      keys: keys.map(({ kind, id, value }) => [kind, id, base64(value)]),
      inbox: inbox.map(({ hash, stanza, plaintext }) => [base64(hash), base64(stanza), base64(plaintext)]),
      received: received.map(base64),
      outgoing: outgoing.map(one => [
        ...[one.id, one.chat, base64(one.message), one.state, one.reason, one.tries],
        ...[one.createdAt.getTime(), one.stateAt.getTime()],
      ]),
    }),
  );
}

/** Fails with ArchiveBroken. */
export function decodeContent(text: Buffer): ArchiveContent {
  let read: Record<string, unknown>;
  try {
    read = record(JSON.parse(text.toString('utf8')));
  } catch (cause) {
    throw cause instanceof ArchiveBroken ? cause : unfit(cause);
  }
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
      keys: list(read.keys, ([kind, id, value]) => ({
        kind: kindOf(kind),
        id: string(id),
        value: bytes(value),
      })),
      inbox: list(read.inbox, ([hash, stanza, plaintext]) => ({
        hash: bytes(hash),
        stanza: orNull(stanza, bytes),
        plaintext: orNull(plaintext, bytes),
      })),
      received: array(read.received).map(bytes),
      outgoing: list(read.outgoing, ([id, chat, message, state, reason, tries, createdAt, stateAt]) => ({
        id: string(id),
        chat: string(chat),
        message: bytes(message),
        state: whole(state, OUTGOING_STATES - 1),
        reason: orNull(reason, string),
        tries: whole(tries, 32_767),
        createdAt: date(createdAt),
        stateAt: date(stateAt),
      })),
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

function list<T>(value: unknown, read: (fields: readonly unknown[]) => T): T[] {
  return array(value).map(one => read(array(one)));
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
