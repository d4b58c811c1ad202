/**
 * A device on its way from one installation to another (docs/sealing.md). It is fenced off before it is read: by then
 * nothing here can write to it, and what is not written is neither receipted nor on the wire. So the archive is whole,
 * and from that moment on it is the archive's.
 */
import { Failure } from '../errors.ts';
import { ArchiveBroken, lockArchive, openArchive } from '../lib/archive.ts';
import type { Logger } from '../lib/logger.ts';
import { Seal } from '../lib/seal.ts';
import { reachStore as reach, type Sql } from '../store/database.ts';
import type { DeviceSeals } from '../store/device-seals.ts';
import { readDeviceState, writeDevice } from '../store/device-state.ts';
import { type DeviceRow, markExported } from '../store/devices.ts';
import { type ArchiveContent, decodeContent, encodeContent } from './archive-content.ts';
import type { DeviceView, Moving } from './devices.ts';
import { type Directory, type Entry, viewOf } from './directory.ts';
import type { Lease } from './lease.ts';
import type { Ownership } from './ownership.ts';

export interface MovingOptions {
  readonly sql: Sql;
  readonly seals: Pick<DeviceSeals, 'make'>;
  readonly lease: Pick<Lease, 'node' | 'term'>;
  readonly directory: Directory;
  readonly ownership: Pick<Ownership, 'assertHeld' | 'take' | 'made' | 'doubt'>;
  /** Where devices connect to. */
  readonly world: string;
  readonly log: Logger;
  /** The device, if this node runs it. */
  readonly here: (id: string) => Entry;
  /** Judges an id that nobody has yet; fails with INVALID_DEVICE_ID or DEVICE_EXISTS. */
  readonly checkFree: (id: string) => void;
}

export function moving(options: MovingOptions): Moving {
  const { sql, seals, lease, directory, ownership, world, log, here, checkFree } = options;
  /** One import at a time, so that two of the same archive do not both find that nobody has its account. */
  let importing: Promise<unknown> = Promise.resolve();

  async function mark(entry: Entry, exported: boolean): Promise<DeviceRow> {
    const { no, epoch } = entry;
    const row = await reach(() => markExported(sql, { no, owner: lease.node, epoch }, exported)).catch(
      (error: unknown) => {
        ownership.doubt(); // It may have been done.
        throw error;
      },
    );
    // Its new epoch: the shard lets go of what runs under the former one.
    ownership.take([row]);
    return row;
  }

  async function write(content: ArchiveContent, id: string): Promise<DeviceView> {
    const { jid, lid, name } = content.device;
    checkFree(id);
    ownership.assertHeld();
    const { term, node: owner } = lease;
    const { key, dek } = seals.make(id);
    const device = { id, jid, lid, name, owner, seal: new Seal(key), dek };
    const row = await reach(() => writeDevice(sql, device, content.state)).catch((error: unknown) => {
      ownership.doubt(); // It may be there.
      throw error;
    });
    ownership.made(row, term);
    log.info({ device: id, exportedAt: content.exportedAt }, 'device was imported');
    return viewOf(directory.get(id)!);
  }

  return {
    async export(id, passphrase) {
      const entry = here(id);
      const { linked } = entry.status;
      if (!linked) throw new Failure('DEVICE_NOT_LINKED', undefined, { results: { device_id: id } });
      if (entry.access.key.length === 0)
        throw new Failure('DEVICE_STOPPED', `The device cannot be exported: ${entry.access.barred}.`);
      const { no, jid, lid, name, exportedAt } = await mark(entry, true);
      const seal = new Seal(entry.access.key);
      const state = await reach(() =>
        readDeviceState(sql, no, seal, place =>
          log.error({ device: id, place }, 'a stored value does not open and was left out of the archive'),
        ),
      );
      log.info({ device: id, keys: state.keys.length }, 'device was exported and is stopped here');
      const device = { id, jid: jid!, lid, name };
      return lockArchive(passphrase, await encodeContent({ world, exportedAt: exportedAt!, device, state }));
    },

    async import(archive, passphrase, id) {
      const content = await opened(archive, passphrase);
      if (content.world !== world)
        throw new Failure(
          'ARCHIVE_INVALID',
          `The device of the archive connects to ${content.world}, and the devices here to ${world}.`,
        );
      const turn = importing.then(() => write(content, id ?? content.device.id));
      importing = turn.catch(() => {});
      return turn;
    },

    async takeBack(id) {
      const entry = here(id);
      if (entry.access.barred !== undefined && entry.access.key.length > 0) {
        await mark(entry, false);
        log.warn({ device: id }, 'an exported device was taken back');
      }
      return viewOf(here(id));
    },
  };
}

async function opened(archive: Uint8Array, passphrase: string): Promise<ArchiveContent> {
  try {
    return await decodeContent(await openArchive(passphrase, archive));
  } catch (cause) {
    if (!(cause instanceof ArchiveBroken)) throw cause;
    const code = cause.trouble === 'passphrase' ? 'ARCHIVE_LOCKED' : 'ARCHIVE_INVALID';
    throw new Failure(code, cause.message, { cause });
  }
}
