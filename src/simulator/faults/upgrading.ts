// Faults of the WebSocket upgrade, and a server that is not there.
import type { Duplex } from 'node:stream';
import type { World } from '../world.ts';
import type { FaultParams } from './catalogue.ts';

/** True: the upgrade has been dealt with. */
export function struckAtUpgrade(world: World, socket: Duplex): boolean {
  if (world.downUntil > performance.now()) {
    socket.destroy();
    return true;
  }
  const fault = world.faults.armed?.first('upgrade');
  if (!fault) return false;
  switch (fault.name) {
    case 'upgrade.refuse': {
      const { status, retryAfter } = fault.params as FaultParams<'upgrade.refuse'>;
      const wait = retryAfter === undefined ? '' : `retry-after: ${retryAfter}\r\n`;
      socket.end(`HTTP/1.1 ${status} Refused\r\n${wait}connection: close\r\ncontent-length: 0\r\n\r\n`);
      return true;
    }
    case 'upgrade.drop':
      socket.destroy();
      return true;
    default: {
      // Silent: the bytes are taken, and the socket stays until the client or the simulator gives up.
      const waiting = { destroy: () => void socket.destroy() };
      world.connections.add(waiting);
      socket.on('close', () => world.connections.delete(waiting));
      socket.resume();
      return true;
    }
  }
}
