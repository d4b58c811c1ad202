// A process of its own that uses the store, for tests that race it, kill it or run it as another user.
//   migrate <url> <folder>   migrates and prints the names of the files that it applied
//   write <dir>              starts the embedded server there, prints `ready`, then each number once it is stored
import { once } from 'node:events';
import { openDatabase } from '../../src/store/database.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';
import { quiet } from './database-server.ts';

const say = (line: unknown) => process.stdout.write(`${line}\n`);
const [command, where = '', folder = ''] = process.argv.slice(2);

try {
  if (command === 'migrate') {
    say(JSON.stringify(await migrate({ address: { url: where }, log: quiet, folder })));
  } else {
    const server = await startEmbedded({ dir: where, maxConnections: 20, log: quiet });
    const sql = openDatabase({ address: server.address, connections: 4, name: 'writer' });
    await sql`create table if not exists written (n integer primary key)`;
    const [{ last }] = await sql<[{ last: number }]>`select coalesce(max(n), 0) as last from written`;
    say('ready');
    const stop = once(process, 'SIGTERM').then(() => 'stop');
    for (let n = last + 1; ; n += 4) {
      if ((await Promise.race([stop, Promise.resolve()])) === 'stop') break;
      await Promise.all(
        [n, n + 1, n + 2, n + 3].map(async value => {
          await sql`insert into written values (${value})`;
          say(value);
        }),
      );
    }
    await sql.end();
    await server.stop();
  }
} catch (error) {
  say(`failed: ${(error as Error).message}`);
  process.exitCode = 1;
}
