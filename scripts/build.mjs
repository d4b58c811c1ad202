// Compiles src, workers, test and scripts to dist/ and puts the files that tsc does not know beside them. With --types it
// writes the declarations of `cardume/simulator` as well, which only a package needs; with --clean it starts afresh.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

if (process.argv.includes('--clean')) rmSync(at('dist'), { recursive: true, force: true });
const projects = ['tsconfig.json', ...(process.argv.includes('--types') ? ['tsconfig.types.json'] : [])];
for (const project of projects) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', at(project)], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
cpSync(at('src/simulator/control/page'), at('dist/src/simulator/control/page'), { recursive: true });
cpSync(at('src/api/pages/assets'), at('dist/src/api/pages/assets'), { recursive: true });
cpSync(at('src/store/migrations'), at('dist/src/store/migrations'), { recursive: true });
