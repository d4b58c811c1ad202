// The devices that a caller may know of. Everything behind the door works on this view: a device that is not in it is
// answered like one that does not exist.
import { Failure } from '../errors.ts';
import type { AnswerOf, CommandType, InputOf } from '../shard/protocol.ts';
import type { CommandOptions, Devices } from '../supervisor/devices.ts';
import type { Actor } from './auth.ts';

/** All devices, or those that the caller's key is for. */
export function visibleTo({ devices: numbers }: Actor, all: Devices): Devices {
  if (!numbers) return all;
  const seen = () => all.list().filter(({ no }) => numbers.has(no));
  const known = (idOrJid: string) => {
    const device = all.find(idOrJid);
    if (!device || numbers.has(device.no)) return device;
    // An account that is linked twice: whoever may not see the device that answers for it may see the other one.
    if (!idOrJid.includes('@')) return undefined;
    return seen().find(({ jid, lid }) => [jid, lid].some(name => name !== undefined && isOf(name, idOrJid)));
  };
  const checked = (id: string) => {
    if (!known(id)) throw new Failure('DEVICE_NOT_FOUND', undefined, { results: { device_id: id } });
  };
  return {
    list: seen,
    find: known,
    async create() {
      throw noOthers();
    },
    async remove(id, options) {
      checked(id);
      await all.remove(id, options);
    },
    async command<C extends CommandType>(
      id: string,
      name: C['name'],
      input: InputOf<C>,
      options: CommandOptions,
    ) {
      checked(id);
      return (await all.command<C>(id, name, input, options)) as AnswerOf<C>;
    },
    async changed(id, within) {
      checked(id);
      await all.changed(id, within);
    },
  };
}

/** Fails with FORBIDDEN for a caller who would not see the device. */
export function makesDevices({ devices }: Actor): void {
  if (devices) throw noOthers();
}

const noOthers = () => new Failure('FORBIDDEN', 'A key that is for some devices cannot make others.');

/** Whether the JID of a linked device is the one that is named, with or without the number of the device. */
const isOf = (jid: string, named: string) => jid === named || jid.replace(/:\d+(?=@)/, '') === named;
