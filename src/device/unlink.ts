import type { WASocket } from '@whiskeysockets/baileys';

const LOGOUT_WITHIN = 5_000;

/**
 * Asks WhatsApp to take the linked device off its account; false when it did not answer in time. Baileys' own `logout`
 * ends the socket, too, and never says whether WhatsApp has heard (Socket/socket.ts). Fails as the query does: WhatsApp
 * may close with "device removed" instead of answering.
 */
export async function unlink(socket: WASocket, jid: string): Promise<boolean> {
  const answer: unknown = await socket.query(
    {
      tag: 'iq',
      attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'md', id: socket.generateMessageTag() },
      content: [{ tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } }],
    },
    LOGOUT_WITHIN,
  );
  return answer !== undefined;
}
