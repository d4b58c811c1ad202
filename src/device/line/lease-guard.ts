/**
 * Nothing passes a socket once the node's lease has run out: no frame out, and none in, for what is read is answered.
 * A process that was stopped wakes up with frames of a minute ago in its sockets and with writes that are due; the first
 * of either finds the lease gone.
 */
import type { WASocket } from '@whiskeysockets/baileys';

/** The WebSocket under Baileys' client (Socket/Client/websocket.ts), which is protected in its types. */
interface Line {
  send(data: Uint8Array, done?: (error?: Error) => void): void;
  terminate(): void;
}

/**
 * `held` says whether the lease holds; it is asked for every frame. Call before anything else wraps the socket's `send`,
 * and before the handshake: Baileys makes its WebSocket at once.
 */
export function guardByLease({ ws }: WASocket, held: () => boolean): void {
  const { socket: line } = ws as unknown as { socket: Line | null };
  if (!line) throw new Error('Baileys has made no WebSocket yet');
  const send = line.send.bind(line);
  line.send = (data, done) => {
    if (held()) return send(data, done);
    line.terminate();
    done?.(new Error('the lease of the node has run out'));
  };
  const emit = ws.emit.bind(ws);
  ws.emit = (event: string | symbol, ...args: unknown[]) => {
    if (event !== 'message' || held()) return emit(event, ...args);
    line.terminate();
    return true;
  };
}
