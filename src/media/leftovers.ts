/**
 * What uploads of dead processes have left. Baileys encrypts a file into the folder of temporary files and removes that when
 * it is uploaded (Utils/messages-media.js, encryptedStream): a process that is killed in between leaves as much as it sent.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Kind of the file, an id as Baileys makes them (Utils/generics.js, generateMessageIDV2), and what it is. */
const ENCRYPTED = /^[a-z-]{3,32}3EB0[0-9A-F]{18}-(?:enc|original)$/;
/** No upload takes so long, whosever it is: several processes share the folder. */
const STALE_MS = 24 * 3_600_000;

/** Removes such files of more than a day from the folder. `now` is ms since 1970. */
export async function removeLeftovers(folder: string, now = Date.now()): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!ENCRYPTED.test(name)) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (now - mtimeMs > STALE_MS) await rm(path, { force: true });
  }
}
