// A group in the simulator, and what Baileys must know of it to write there.
import type { GroupMetadata } from '@whiskeysockets/baileys';
import type { Simulator } from '../../src/simulator/index.ts';
import type { driver } from './client.ts';

export interface TestGroup {
  readonly jid: string;
  readonly addressing: 'pn' | 'lid';
}

let made = 0;

/** Members are numbers. Give `metadataOf(() => group)` to the clients as `cachedGroupMetadata`. */
export async function makeGroup(
  server: Simulator & ReturnType<typeof driver>,
  addressing: 'pn' | 'lid',
  members: readonly { phone: string; lid: string }[],
): Promise<GroupMetadata> {
  const jid = `120363${String(++made).padStart(12, '0')}@g.us`;
  await server.post('/admin/seed-group', {
    jid,
    subject: 'Test',
    addressing,
    members: members.map(one => one.phone),
  });
  const participants = members.map(({ phone, lid }) => {
    const bareLid = `${lid.split(/[:@]/)[0]}@lid`;
    const number = `${phone}@s.whatsapp.net`;
    return { id: addressing === 'lid' ? bareLid : number, lid: bareLid, phoneNumber: number, admin: null };
  });
  return {
    id: jid,
    subject: 'Test',
    owner: undefined,
    addressingMode: addressing,
    participants,
  } as unknown as GroupMetadata;
}
