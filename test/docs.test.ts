import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closes, judge, type Verdict } from '../src/device/line/verdict.ts';
import { type Input, initial, type State, step } from '../src/device/state.ts';
import { codes } from '../src/errors.ts';
import { failpoints } from '../src/lib/failpoint.ts';

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

test('docs/errors.md has every error code with its status, its advice and its sentence, and no other', () => {
  const rows = [
    ...page('errors.md').matchAll(
      /^\| <a id="([A-Z_]+)"><\/a>`\1` +\| (\d+) +\| ([a-z ]+?) +\| (.+?) +\|$/gm,
    ),
  ];
  const documented = rows.map(([, code, status, retry, text]) => ({
    code,
    status: Number(status),
    retry,
    text,
  }));
  const registered = Object.entries(codes).map(([code, { status, retry, text }]) => ({
    code,
    status,
    retry,
    text,
  }));
  assert.deepEqual(documented, registered);
});

test('docs/failpoints.md has every failpoint and no other', () => {
  const rows = [...page('failpoints.md').matchAll(/^\| `([a-z]+\.[a-z_]+)` *\| (?:shard|main) +\| .+ \|$/gm)];
  assert.deepEqual(
    rows.map(([, name]) => name),
    [...failpoints],
  );
});

test('docs/configuration.md is what the table of settings says', () => {
  const script = fileURLToPath(new URL('../scripts/configdoc.js', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

function reaction(verdict: Verdict): string {
  switch (verdict.next) {
    case 'backoff':
      return `\`backoff\`, ${verdict.steps} ${verdict.steps === 1 ? 'step' : 'steps'}`;
    case 'later':
      return `\`later\`, after ${verdict.ms / 60_000} min`;
    default:
      return `\`${verdict.next}\``;
  }
}

test('docs/device-states.md has every code that a connection ends with, its meaning and the reaction, and no other', () => {
  const rows = [...page('device-states.md').matchAll(/^\| (\d[\d, ]+?) +\| (.+?) +\| (.+?) +\|$/gm)];
  const documented = rows.map(([, numbers, meaning, cell]) => ({
    numbers,
    meaning,
    reaction: cell?.replace(/ \(.+\)$/, ''),
  }));
  const inCode = closes.map(({ codes: [code = 0, ...more], meaning }) => ({
    numbers: [code, ...more].join(', '),
    meaning,
    reaction: [...new Set(['', 'certificate'].map(message => reaction(judge({ code, message }))))].join(
      ', or ',
    ),
  }));
  assert.deepEqual(documented, inCode);
});

test('the diagram in docs/device-states.md has every way from one state to another, and no other', () => {
  const drawn = [...page('device-states.md').matchAll(/^ +(\w+) --> (\w+): (.+)$/gm)].flatMap(
    ([, from, to, inputs]) => (inputs ?? '').split(', ').map(input => `${from} ${input} ${to}`),
  );
  const now = Date.now();
  const unlinked = initial(false, now);
  const linked: State = { ...initial(true, now), replacedAt: now };
  const verdicts: Verdict[] = [
    ...closes.flatMap(({ codes: numbers }) => numbers.map(code => judge({ code, message: '' }))),
    judge({ message: 'Connection Failure' }),
  ];
  const either: Input[] = [
    { on: 'admitted' },
    { on: 'due' },
    { on: 'steady' },
    { on: 'unlinked', reason: '' },
    ...[true, false].map(often => ({ on: 'failed' as const, reason: '', often })),
    ...verdicts.map(verdict => ({ on: 'closed' as const, verdict })),
  ];
  const offer: Input = { on: 'offered', pairing: { by: 'qr', qr: '', until: now } };
  // Which inputs can come: a device is not offered a pairing, and does not end one, when it is linked already.
  const lives: { states: State[]; inputs: Input[] }[] = [
    {
      states: (['unlinked', 'waiting', 'connecting', 'pairing'] as const).map(phase => ({
        ...unlinked,
        phase,
      })),
      inputs: [...either, { on: 'pair', phone: '' }, offer, { on: 'paired' }],
    },
    {
      states: (['waiting', 'connecting', 'open', 'stopped', 'conflict', 'crashed'] as const).map(phase => ({
        ...linked,
        phase,
      })),
      inputs: [...either, { on: 'reconnect' }, { on: 'opened' }],
    },
  ];
  const ways = new Set<string>();
  for (const { states, inputs } of lives)
    for (const state of states)
      for (const input of inputs) {
        const { phase } = step(state, input, now, 0.5).state;
        if (phase !== state.phase) ways.add(`${state.phase} ${input.on} ${phase}`);
      }
  assert.deepEqual(drawn.sort(), [...ways].sort());
});

test('docs/licences.md names every licence of a production install, and each package of one that is not permissive', () => {
  const lock = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8');
  const { packages } = JSON.parse(lock) as {
    packages: Record<string, { readonly license?: string; readonly dev?: boolean }>;
  };
  const installed = Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && !dev)
    .map(([path, { license = 'none' }]) => ({ name: path.replace(/^.*node_modules\//, ''), license }));
  const rows = new Map(
    [...page('licences.md').matchAll(/^\| `([A-Za-z0-9. -]+)` +\| (.+?) +\|$/gm)].map(([, name, cell]) => [
      name,
      cell,
    ]),
  );
  assert.deepEqual([...rows.keys()].sort(), [...new Set(installed.map(({ license }) => license))].sort());
  const unnamed = installed.filter(({ name, license }) => {
    if (!/GPL|none/.test(license)) return false;
    const named = [...(rows.get(license) ?? '').matchAll(/`([^`]+)`/g)].map(([, pattern]) => pattern ?? '');
    return !named.some(pattern =>
      pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
    );
  });
  assert.deepEqual(unnamed, []);
});

test('docs/protocol.md has every section that a comment names, and no other', () => {
  const root = new URL('../../', import.meta.url);
  const named = new Set<string>();
  for (const folder of ['src', 'test'])
    for (const file of readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }))
      if (file.endsWith('.ts'))
        for (const [, sections = ''] of readFileSync(new URL(`${folder}/${file}`, root), 'utf8').matchAll(
          /protocol\.md ((?:\d+(?:\.\d+)?(?:, )?)+)/g,
        ))
          for (const section of sections.match(/\d+(?:\.\d+)?/g) ?? []) named.add(section);
  const listed = [...page('protocol.md').matchAll(/^\| (\d+(?:\.\d+)?) +\|/gm)].map(([, section]) => section);
  assert.ok(named.size > 30, `only ${named.size} sections were found`);
  assert.deepEqual(listed.sort(), [...named].sort());
});

test('every relative link in the pages leads to a file that exists', () => {
  const root = new URL('../../', import.meta.url);
  const pages = [
    ...readdirSync(root).map(name => `${name}`),
    ...readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' }).map(name => `docs/${name}`),
  ].filter(name => name.endsWith('.md'));
  const dead = pages.flatMap(name => {
    const base = new URL(name, root);
    const links = [...readFileSync(base, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)].map(
      ([, link]) => link ?? '',
    );
    return links.filter(link => !existsSync(new URL(link, base))).map(link => `${name}: ${link}`);
  });
  assert.deepEqual(dead, []);
  assert.ok(pages.length > 10);
});

test('code in CONTRIBUTING.md that names a file is in that file', () => {
  const contributing = readFileSync(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8');
  const quoted = [...contributing.matchAll(/^```ts\n\/\/ (\S+)\n(.+?)\n```$/gms)];
  assert.deepEqual(
    quoted.map(([, file]) => file),
    ['src/device/commands/send-location.ts', 'src/api/routes/send.ts', 'test/api/sends.test.ts'],
  );
  for (const [, file = '', code = ''] of quoted) {
    const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    assert.ok(source.includes(code), `${file} reads otherwise`);
  }
});
