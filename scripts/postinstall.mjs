// Applies patches/ to the modules of a checkout. As somebody's dependency (cardume/simulator in their tests) there is
// nothing of ours to patch: the modules are theirs, and the simulator needs none of the patches.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (existsSync(join(root, 'node_modules', 'postgres'))) {
  const tool = createRequire(import.meta.url).resolve('patch-package/dist/index.js');
  const { status } = spawnSync(process.execPath, [tool], { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
