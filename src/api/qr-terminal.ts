// The QR of a pairing in a terminal, for who starts the server by hand.
import { toString as render } from 'qrcode';

/** Draws a QR text with half blocks, two rows to a line, and hands it to `write` in one piece. */
export async function printQr(text: string, write: (drawn: string) => unknown): Promise<void> {
  write(`${await render(text, { type: 'terminal', small: true, errorCorrectionLevel: 'L' })}\n`);
}
