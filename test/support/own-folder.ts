import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './scope.ts';

/** A folder for a process to run in, which keeps its files where it runs unless it is told otherwise. Gone with the test. */
export function ownFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'cardume-run-'));
  scope.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}
