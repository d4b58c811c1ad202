// Runs the compiled tests: `npm test`, or `npm test -- store seq` for the files whose path contains one of the words.
// One database server serves them all (test/support/database-server.ts); CARDUME_TEST_DB_URI names one that is there already.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareTemplate, startTestServer } from '../test/support/database-server.ts';

const folder = fileURLToPath(new URL('../test/', import.meta.url));
const options = process.argv.slice(2).filter(word => word.startsWith('-'));
// A word may be a path as it is in the repository.
const words = process.argv
  .slice(2)
  .filter(word => !word.startsWith('-'))
  .map(word => word.replace(/^\.?\/?(dist\/)?(test\/)?/, '').replace(/\.ts$/, '.js'));

const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.test.js') && (!words.length || words.some(word => name.includes(word))))
  .sort()
  .map(name => relative(process.cwd(), join(folder, name)));
if (!files.length) {
  process.stderr.write(`no test file under ${relative('.', folder)} has ${words.join(' or ')} in its path\n`);
  process.exit(1);
}

let url = process.env.CARDUME_TEST_DB_URI;
let stop = async () => {};
if (url) await prepareTemplate(url);
else ({ url, stop } = await startTestServer());

const tests = spawn(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    `--test-concurrency=${availableParallelism()}`,
    '--test-reporter=spec',
    '--test-timeout=900000',
    ...options,
    ...files,
  ],
  { stdio: 'inherit', env: { ...process.env, CARDUME_TEST_DB_URI: url } },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tests.kill(signal));
const [code] = await once(tests, 'exit');
await stop();
process.exitCode = code ?? 1;
