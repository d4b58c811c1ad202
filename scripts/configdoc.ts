// Writes what the docs have from the code (`npm run docs`): docs/configuration.md from the table of settings in
// src/settings.ts, the table of docs/errors.md from src/errors.ts, the events of docs/events.md from src/journal/catalogue, in docs/simulator-in-tests.md the simulator's options and the example, which is a test, and the tables of
// the simulator's routes and faults. With `--check` it writes nothing and fails when a page is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { describeSettings } from '../src/config.ts';
import { codes } from '../src/errors.ts';
import { asyncapi } from '../src/journal/catalogue/documents.ts';
import { version } from '../src/lib/version.ts';
import { optionTable } from '../src/simulator/options.ts';
import { eventSections } from './eventdoc.ts';
import { closeTable, faultTable, poisonTable, routeTables } from './simulatordoc.ts';

const intro = `# Configuration

<!-- Written by \`npm run docs\` from src/settings.ts; change it there. -->

Settings come from the environment; there is no configuration file. \`npm start -- --help\` prints this list.
\`npm start -- --print-config\` prints what this machine would use, secrets masked, and ends.

- A setting is read from \`CARDUME_<NAME>\`, else \`<NAME>\`, else its other names. The other names are those of
  go-whatsapp-web-multidevice (gowa) and of many hosts. An empty value counts as none.
- An unknown \`CARDUME_*\` and every wrong value are refused at the start: exit code 78 and one sentence for each, with the name,
  what was expected and what was got. The value of a secret is not repeated.

Rules between settings:

- Without \`API_KEYS\` or \`APP_BASIC_AUTH\` only a loopback \`HOST\` is accepted, and without sealing keys too ([sealing.md](sealing.md)).
- \`SEALING_KEYS_FILE\` and \`SEALING_KEYS\` exclude each other.
- \`WA_ROOT_KEY\` needs \`WA_SOCKET_URL\`, and \`WA_SOCKET_URL\` does not go with \`--simulate\`, which brings its own server.
  A simulation keeps its data apart, in \`simulation\` below \`DATA_DIR\`.
- \`WORKERS\` x \`SHARD_CONNECTIONS\` + \`MAIN_CONNECTIONS\` + 2 (the lease) database connections are opened, whatever the number of devices. The
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

function simulatorOptions(): string {
  const cells = optionTable.map(({ option, flag, value, normally, doc }) => [
    `\`${option}\``,
    flag ? `\`--${flag}${value ? ` ${value.replaceAll('|', '\\|')}` : ''}\`` : '',
    normally,
    doc,
  ]);
  return table(['option', 'flag', 'default', ''], cells);
}

function errorTable(): string {
  const cells = Object.entries(codes).map(([code, { status, retry, text }]) => [
    `<a id="${code}"></a>\`${code}\``,
    String(status),
    retry,
    text,
  ]);
  return table(['Code', 'Status', 'Retry', 'Meaning'], cells);
}

function table(head: readonly string[], cells: readonly (readonly string[])[]): string {
  const rows = [head, ...cells];
  const widths = head.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

function example(): string {
  const source = readFileSync(new URL('../../test/simulator/example.ts', import.meta.url), 'utf8');
  return `\`\`\`ts\n${source.replace(/^\/\/.*\n/, '')}\`\`\``;
}

/** Puts text between `<!-- name -->` and `<!-- /name -->`. */
function filled(page: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`no ${start} … ${end}`);
  return `${page.slice(0, from + start.length)}\n\n${text}\n\n${page.slice(to)}`;
}

const at = (name: string) => new URL(`../../docs/${name}`, import.meta.url);

/** The page as it is, with these parts anew. */
function refilled(name: string, parts: Readonly<Record<string, string>>): string {
  const page = readFileSync(at(name), 'utf8');
  return Object.entries(parts).reduce((text, [part, inner]) => filled(text, part, inner), page);
}

const pages = {
  'asyncapi.json': `${JSON.stringify(asyncapi({ version }), undefined, 2)}\n`,
  'configuration.md': [intro, ...sections].join('\n'),
  'errors.md': refilled('errors.md', { errors: errorTable() }),
  'events.md': refilled('events.md', { events: eventSections() }),
  'simulator-in-tests.md': refilled('simulator-in-tests.md', {
    options: simulatorOptions(),
    example: example(),
  }),
  'simulator-control.md': refilled('simulator-control.md', { routes: await routeTables() }),
  'simulator-faults.md': refilled('simulator-faults.md', {
    faults: faultTable(),
    closes: closeTable(),
    poisons: poisonTable(),
  }),
};

for (const [name, text] of Object.entries(pages)) {
  if (!process.argv.includes('--check')) writeFileSync(at(name), text);
  else if (readFileSync(at(name), 'utf8') !== text) {
    process.stderr.write(`docs/${name} is stale: run \`npm run docs\`\n`);
    process.exitCode = 1;
  }
}
