/** What comes over the line, before Baileys' own listeners: in whose name it is heard, and what cannot be read. */
import type { WASocket } from '@whiskeysockets/baileys';
import { type Blamed, inTheNameOf } from '../blame.ts';

type Hear = (data: Buffer) => Promise<void>;

/**
 * Stock, a frame that fails its authentication or cannot be decoded leaves a rejection that nobody handles (it ends the
 * thread) and a connection that hears nothing any more and never closes (Socket/socket.ts, `onMessageReceived`;
 * Utils/noise-handler.ts). Both sides count frames, so there is no going on after it: `broken` must end the connection.
 * The same is done when a listener throws: Baileys stops reading in the middle of what it was given.
 */
export function hearInTheNameOf(
  { ws }: Pick<WASocket, 'ws'>,
  who: Blamed,
  broken: (error: Error) => void,
): void {
  const listeners = ws.listeners('message') as Hear[];
  if (listeners.length !== 1)
    throw new Error(`Baileys hears frames with ${listeners.length} listeners, not 1`);
  const [hear] = listeners as [Hear];
  ws.removeAllListeners('message');
  ws.on('message', (data: Buffer) => {
    inTheNameOf(who, () => hear(data)).catch((error: unknown) =>
      broken(error instanceof Error ? error : new Error(String(error))),
    );
  });
}
