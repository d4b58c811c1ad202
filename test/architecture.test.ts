// What docs/architecture.md says about who may import whom, how large a file may be, and who may touch what. The imports
// are read from the sources as text, which the formatter keeps regular.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');
const list = (folder: string) =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort();
const linesOf = (path: string) => read(path).split('\n').length - 1;

interface Import {
  readonly from: string;
  /** A path from the root for a file of ours, a package's name, or `node:…`. */
  readonly to: string;
  readonly line: number;
  /** Gone after compilation. `import { type X }` is not: it leaves `import {}` behind. */
  readonly typeOnly: boolean;
}

function importsOf(from: string): Import[] {
  const source = read(from);
  const statement =
    /^(?:import|export)\s+(type\s+)?(?:[\w$*\s{},]+?\s+from\s+)?'([^']+)'|\b(?:import|require)\('([^']+)'\)/gm;
  return [...source.matchAll(statement)].map(match => {
    const named = match[2] ?? match[3] ?? '';
    const to = named.startsWith('.') ? new URL(named, `file:///${from}`).pathname.slice(1) : packageOf(named);
    const line = source.slice(0, match.index).split('\n').length;
    return { from, to, line, typeOnly: match[1] !== undefined };
  });
}

function packageOf(name: string): string {
  return name.startsWith('node:')
    ? name
    : name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/');
}

const sources = list('src');
const product = [...sources, ...list('workers')];
const imports = product.flatMap(importsOf);
const ours = imports.filter(({ to }) => to.endsWith('.ts'));

/** The rows of "Who may import whom"; a station may always import itself. `types` are allowed as `import type` only. */
const rules: readonly { station: string; values: readonly string[]; types?: readonly string[] }[] = [
  { station: 'src/lib/', values: [] },
  { station: 'src/errors.ts', values: [] },
  { station: 'src/settings.ts', values: ['src/lib/'] },
  { station: 'src/config.ts', values: ['src/settings.ts', 'src/lib/'] },
  { station: 'src/store/', values: ['src/lib/', 'src/errors.ts'] },
  {
    station: 'src/journal/',
    values: ['src/store/', 'src/lib/', 'src/errors.ts'],
    types: ['src/shard/protocol.ts'],
  },
  { station: 'src/access/', values: ['src/store/', 'src/lib/', 'src/errors.ts'] },
  {
    station: 'src/delivery/',
    values: ['src/journal/', 'src/store/', 'src/lib/', 'src/errors.ts'],
    types: ['src/shard/protocol.ts'],
  },
  {
    station: 'src/streams/',
    values: ['src/journal/', 'src/store/', 'src/lib/', 'src/errors.ts'],
    types: ['src/shard/protocol.ts'],
  },
  {
    station: 'src/device/',
    values: ['src/journal/', 'src/store/', 'src/lib/', 'src/errors.ts'],
    types: ['src/shard/protocol.ts'],
  },
  { station: 'src/shard/protocol.ts', values: [], types: ['src/'] },
  {
    station: 'src/shard/',
    values: ['src/device/', 'src/journal/', 'src/store/', 'src/lib/', 'src/errors.ts'],
  },
  {
    station: 'src/supervisor/',
    values: ['src/shard/protocol.ts', 'src/store/', 'src/lib/', 'src/errors.ts'],
  },
  {
    station: 'src/api/',
    values: ['src/lib/', 'src/errors.ts', 'src/journal/catalogue/', 'src/journal/names.ts'],
    types: [
      'src/supervisor/',
      'src/media/',
      'src/delivery/',
      'src/access/',
      'src/journal/',
      'src/streams/',
      'src/shard/protocol.ts',
      'src/device/commands/',
    ],
  },
  { station: 'src/media/', values: ['src/lib/', 'src/errors.ts'] },
  { station: 'src/simulator/', values: ['src/lib/'] },
  {
    station: 'src/node.ts',
    values: [
      'src/api/',
      'src/supervisor/',
      'src/delivery/',
      'src/streams/',
      'src/media/',
      'src/access/',
      'src/journal/',
      'src/store/',
      'src/lib/',
      'src/errors.ts',
      'src/config.ts',
      'src/keys.ts',
    ],
  },
  { station: 'src/keys.ts', values: ['src/store/', 'src/lib/', 'src/config.ts'] },
  {
    station: 'src/main.ts',
    values: ['src/node.ts', 'src/keys.ts', 'src/config.ts', 'src/lib/', 'src/errors.ts'],
  },
  {
    station: 'workers/shard.ts',
    values: ['src/device/shims.ts', 'src/shard/shard.ts', 'src/lib/'],
    types: ['src/shard/protocol.ts'],
  },
  { station: 'workers/media.ts', values: ['src/media/worker/'] },
  { station: 'workers/simulator.ts', values: ['src/simulator/'] },
];

/** Packages that belong to one station. */
const homes: Readonly<Record<string, readonly string[]>> = {
  '@whiskeysockets/baileys': ['src/device/', 'src/simulator/'],
  libsignal: ['src/device/', 'src/simulator/'],
  'whatsapp-rust-bridge': ['src/device/', 'src/simulator/'],
  postgres: ['src/store/'],
  piscina: ['src/supervisor/'],
  undici: ['src/delivery/', 'src/media/', 'src/device/', 'src/simulator/'],
  'https-proxy-agent': ['src/device/'],
  'socks-proxy-agent': ['src/device/'],
  hono: ['src/api/', 'src/simulator/'],
  sharp: ['src/media/worker/'],
};

const within = (path: string, places: readonly string[]) => places.some(place => path.startsWith(place));
const shown = ({ from, line, to, typeOnly }: Import) => `${from}:${line} ${typeOnly ? 'type ' : ''}${to}`;

test('a station imports only what its row allows', () => {
  const wrong = ours.filter(({ from, to, typeOnly }) => {
    const rule = rules.find(({ station }) => from.startsWith(station));
    if (!rule) return true;
    // `shard/` stands for the folder and its protocol.
    const self = rule.station === 'src/shard/protocol.ts' ? [] : [rule.station];
    return !within(to, [...self, ...rule.values, ...(typeOnly ? (rule.types ?? []) : [])]);
  });
  assert.deepEqual(wrong.map(shown), []);
});

test('the simulator does not know who drives it: only its entries import the control plane', () => {
  const control = 'src/simulator/control/';
  const from = ours.filter(
    one => one.to.startsWith(control) && !one.from.startsWith(control) && !one.typeOnly,
  );
  assert.deepEqual([...new Set(from.map(one => one.from))].sort(), [
    'src/simulator/index.ts',
    'src/simulator/server.ts',
  ]);
});

test('docs/architecture.md has every folder of the simulator', () => {
  const [, section = ''] = read('docs/architecture.md').split('## The stations of the simulator');
  const named = [...section.matchAll(/^\| ((?:`[a-z-]+`(?:, )?)+) +\|/gm)].flatMap(([, cell = '']) =>
    cell.split(', ').map(name => name.replaceAll('`', '')),
  );
  const folders = list('src/simulator').flatMap(path => path.split('/').slice(2, -1).slice(0, 1));
  assert.deepEqual(named.sort(), [...new Set(folders)].sort());
});

test('every import of ours was understood: it names a file that exists', () => {
  const files = new Set(product);
  assert.deepEqual(ours.filter(({ to }) => !files.has(to)).map(shown), []);
  assert.ok(ours.length > product.length, 'fewer imports than files: the pattern misses some');
});

test('Baileys, the database driver, the pool and the HTTP libraries are each named in one place', () => {
  const wrong = imports.filter(({ from, to }) => homes[to] && !within(from, homes[to]));
  assert.deepEqual(wrong.map(shown), []);
});

test('every production dependency is one that the product imports, and every import is a dependency', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  const named = new Set(
    imports.map(({ to }) => to).filter(to => !to.endsWith('.ts') && !/^(node:|\.)/.test(to)),
  );
  named.add('patch-package'); // what the install runs
  assert.deepEqual([...named].sort(), Object.keys(dependencies).sort());
});

test('the wasm that Baileys loads is the one that we load: a second one costs 12 MB in every thread', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, unknown> };
  const copies = Object.keys(packages).filter(path => path.endsWith('/whatsapp-rust-bridge'));
  assert.deepEqual(copies, ['node_modules/whatsapp-rust-bridge']);
});

test('no file imports itself, over however many others, at run time', () => {
  const next = new Map<string, string[]>();
  for (const { from, to, typeOnly } of ours) if (!typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) cycles.push([...path.slice(start), file].join(' > '));
    if (start >= 0 || done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of product) visit(file, []);
  assert.deepEqual(cycles, []);
});

test('the environment is read in src/config.ts alone', () => {
  const readers = product.filter(path => /\bprocess\s*\.\s*env\b|from 'node:process'/.test(read(path)));
  assert.deepEqual(readers, ['src/config.ts']);
});

test('no source file is over 400 lines, the median is under 130, a thread entry is at most 60, no test is over 600', () => {
  const over = (paths: string[], limit: number) =>
    paths.filter(path => linesOf(path) > limit).map(path => `${path}: ${linesOf(path)} lines`);
  assert.deepEqual(over([...sources, ...list('scripts')], 400), []);
  assert.deepEqual(over(list('workers'), 60), []);
  assert.deepEqual(over(list('test'), 600), []);
  const sizes = sources.map(linesOf).sort((a, b) => a - b);
  const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
  assert.ok(median < 130, `the median source file has ${median} lines`);
});

test('file names are plain lower-case words, and none is a word that fits everything', () => {
  const wrong = [...product, ...list('scripts'), ...list('test')].filter(
    path =>
      !/^[a-z0-9/.-]+\.ts$/.test(path) ||
      (/\b(utils?|helpers?|common|manager|service|handlers?|misc)\b/.test(path) &&
        path !== 'src/lib/service.ts'),
  );
  assert.deepEqual(wrong, []);
});

test('exports have names; only the entry of a pool thread has a default', () => {
  const defaults = product.filter(path => /^export default /m.test(read(path)));
  assert.deepEqual(defaults, ['workers/shard.ts']);
});
