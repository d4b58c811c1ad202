// The QR of a pairing in a terminal, for who starts the server by hand.
import type { Logger } from 'pino';
import { toString as render } from 'qrcode';
import type { DeviceView } from '../supervisor/devices.ts';

/** Draws a QR text with half blocks, two rows to a line, and hands it to `write` in one piece. */
export async function printQr(text: string, write: (drawn: string) => unknown): Promise<void> {
  write(`${await render(text, { type: 'terminal', small: true, errorCorrectionLevel: 'L' })}\n`);
}

/** Draws the QR of each device that is told of, once for each QR. */
export function qrDrawer(write: (drawn: string) => void, log: Logger): (device: DeviceView) => void {
  const drawn = new Map<string, string>();
  return ({ id, pairing }) => {
    const qr = pairing?.by === 'qr' ? pairing.qr : undefined;
    if (drawn.get(id) === qr) return;
    if (qr === undefined) {
      drawn.delete(id);
      return;
    }
    drawn.set(id, qr);
    write(`\nScan with WhatsApp to link device ${id}:\n`);
    printQr(qr, write).catch((err: unknown) => log.warn({ err }, 'the QR code could not be drawn'));
  };
}
