// A group in the simulator, as a client knows it that cached its metadata.
import assert from 'node:assert/strict';
import type { GroupMetadata } from '@whiskeysockets/baileys';
import type { Simulator } from '../../src/simulator/index.ts';
import type { driver } from './client.ts';

export interface Member {
  readonly phone: string;
  readonly lid: string;
}

/** A group of these members, the first its superadmin; for the `cachedGroupMetadata` of their clients. */
export async function makeGroup(
  server: Simulator & ReturnType<typeof driver>,
  addressing: 'pn' | 'lid',
  members: readonly Member[],
): Promise<GroupMetadata> {
  const { jid } = await server.post<{ jid: string }>('/admin/groups', {
    by: members[0]?.phone,
    subject: 'Test',
    members: members.slice(1).map(one => one.phone),
    addressing,
  });
  return metadata(jid, addressing, members);
}

export function metadata(id: string, addressing: 'pn' | 'lid', members: readonly Member[]): GroupMetadata {
  const participants = members.map(({ phone, lid }) => {
    const bareLid = `${lid.split(/[:@]/)[0]}@lid`;
    const number = `${phone}@s.whatsapp.net`;
    return { id: addressing === 'lid' ? bareLid : number, lid: bareLid, phoneNumber: number, admin: null };
  });
  return { id, subject: 'Test', owner: undefined, addressingMode: addressing, participants } as GroupMetadata;
}

/** Nothing happened that must never happen, seen from the server. */
export async function assertNoViolations(server: ReturnType<typeof driver>): Promise<void> {
  const { violations } = await server.control.call('ledgerViolations');
  assert.deepEqual(violations, []);
}
