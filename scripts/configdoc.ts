// Writes docs/configuration.md from the table of settings in src/config.ts (`npm run docs`). With `--check` it writes nothing
// and fails when the page is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { describeSettings } from '../src/config.ts';

const intro = `# Configuration

<!-- Written by \`npm run docs\` from src/config.ts; change it there. -->

Settings come from the environment; there is no configuration file. \`npm start -- --help\` prints this list.
\`npm start -- --print-config\` prints what this machine would use, secrets masked, and ends.

- A setting is read from \`CARDUME_<NAME>\`, else \`<NAME>\`, else its other names. The other names are those of
  go-whatsapp-web-multidevice (gowa) and of many hosts. An empty value counts as none.
- An unknown \`CARDUME_*\` and every wrong value are refused at the start: exit code 78 and one sentence for each, with the name,
  what was expected and what was got. The value of a secret is not repeated.

Rules between settings:

- Without \`API_KEYS\` or \`APP_BASIC_AUTH\` only a loopback \`HOST\` is accepted.
- \`WA_ROOT_KEY\` needs \`WA_SOCKET_URL\`, and \`WA_SOCKET_URL\` does not go with \`--simulate\`, which brings its own server.
  A simulation keeps its data apart, in \`simulation\` below \`DATA_DIR\`.
- \`WORKERS\` x \`SHARD_CONNECTIONS\` + \`MAIN_CONNECTIONS\` database connections are opened, whatever the number of devices. The
  number is printed at the start, and one that the server does not allow is refused.
`;

const sections = describeSettings().map(({ name, aliases, expected, shown, doc }) =>
  [
    `## \`${name}\``,
    '',
    doc,
    '',
    `- Expected: ${expected}`,
    `- Default: ${shown}`,
    ...(aliases.length > 0 ? [`- Other names: ${aliases.map(alias => `\`${alias}\``).join(', ')}`] : []),
    '',
  ].join('\n'),
);

const page = new URL('../../docs/configuration.md', import.meta.url);
const text = [intro, ...sections].join('\n');

if (!process.argv.includes('--check')) writeFileSync(page, text);
else if (readFileSync(page, 'utf8') !== text) {
  process.stderr.write('docs/configuration.md is stale: run `npm run docs`\n');
  process.exitCode = 1;
}
