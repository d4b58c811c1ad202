/** People who are named in a text by @ and digits. */
import { isJidGroup, isLidUser } from '@whiskeysockets/baileys';
import type { Connection } from '../line/connection.ts';

/** More are no mentions but a list, and each unknown one is asked for. */
const AT_MOST = 64;

/**
 * Their JIDs: members of the group as the group names them, whether they were named by number or LID, and others who have
 * an account. What is no account stays a text, as in gowa.
 */
export async function mentionedIn(connection: Connection, to: string, text: string): Promise<string[]> {
  const digits = [...new Set([...text.matchAll(/(?<![\w.@])@(\d{7,15})(?!\w)/g)].map(([, found]) => found!))];
  if (digits.length === 0 || digits.length > AT_MOST) return [];
  const members = isJidGroup(to) ? (await connection.groups.of(to)).participants : [];
  const named: string[] = [];
  const unknown: string[] = [];
  for (const user of digits) {
    const member = members.find(({ id, lid, phoneNumber }) =>
      [id, lid, phoneNumber].some(jid => jid?.slice(0, jid.indexOf('@')) === user),
    );
    if (member) named.push(member.id);
    else if (isLidUser(to) && to === `${user}@lid`) named.push(to);
    else unknown.push(`${user}@s.whatsapp.net`);
  }
  if (unknown.length === 0) return named;
  // The answer is kept with the devices of whoever was written to lately.
  const devices = await connection.socket.getUSyncDevices(unknown, true, false);
  const users = new Set(devices.map(({ user }) => user));
  return [...named, ...unknown.filter(jid => users.has(jid.slice(0, jid.indexOf('@'))))];
}
