// Devices that are linked and connected to a simulator, by our socket and without a shard around it.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { AuthenticationCreds, WASocket } from '@whiskeysockets/baileys';
import { DEFAULT_SETTINGS } from '../../src/device/household/settings.ts';
import { makeCaches } from '../../src/device/line/caches.ts';
import { Groups } from '../../src/device/line/groups.ts';
import { openSocket, type SocketOptions, trustRoot } from '../../src/device/line/socket.ts';
import { Inbox } from '../../src/device/receiving/inbox.ts';
import { decodeCredentials, encodeCredentials } from '../../src/device/signal/credentials.ts';
import { DeviceKeys } from '../../src/device/signal/keys.ts';
import { KeyVault } from '../../src/device/signal/vault.ts';
import { readCredentials } from '../../src/store/credentials.ts';
import { claimDevices } from '../../src/store/devices.ts';
import { places } from '../../src/store/places.ts';
import { testSeals } from '../support/keys.ts';
import { startWorld } from '../support/world.ts';
import { quiet } from './signal.ts';
import { nothingUnread } from './unread.ts';

export const surroundings = (keys: DeviceKeys) => ({
  inbox: new Inbox({ sql: undefined as never, owner: '', keys, log: quiet }),
  groups: new Groups(() => assert.fail('no group is asked for')),
  sent: async () => undefined,
  unread: nothingUnread(),
  caches: makeCaches(),
});

export interface Connected {
  readonly socket: WASocket;
  readonly credentials: AuthenticationCreds;
}

/** So many devices of a world of their own, all open; `open` is ours unless a test brings another way. */
export async function connected(
  t: TestContext,
  count: number,
  open: (options: SocketOptions) => WASocket = openSocket,
): Promise<Connected[]> {
  const world = await startWorld(t, { devices: count });
  trustRoot(world.server.rootKey);
  const owner = '11111111-1111-4111-8111-111111111111';
  const terms = await claimDevices(world.sql, owner);
  const rows = await readCredentials(
    world.sql,
    terms.map(({ no }) => no),
  );
  const seals = testSeals(world.sql);
  const vault = new KeyVault({ sql: world.sql, owner, cacheBytes: 1 << 20, log: quiet });
  const connect = async ({ no, epoch }: { no: number; epoch: number }) => {
    const seal = await seals.sealOf(no);
    const credentials = decodeCredentials(seal.open(places.credentials(no), rows.get(no)!));
    const [row] = await world.sql<[{ id: string; dek: Buffer }]>`select id, dek from device where no = ${no}`;
    const keys = new DeviceKeys({
      vault,
      seat: { id: row.id, no, epoch, key: seals.keyOf(row) },
      credentials: () => encodeCredentials(credentials),
      onFailure: error => assert.fail(error),
    });
    const whatsapp = { socketUrl: world.server.socketUrl };
    const socket = open({
      ...surroundings(keys),
      credentials,
      keys,
      whatsapp,
      settings: { current: DEFAULT_SETTINGS },
      phone: '',
      held: () => true,
      synced: () => {},
      log: quiet,
    });
    world.atEnd(async () => socket.end(undefined));
    await socket.waitForConnectionUpdate(async ({ connection }) => connection === 'open');
    return { socket, credentials };
  };
  return Promise.all(terms.map(connect));
}
