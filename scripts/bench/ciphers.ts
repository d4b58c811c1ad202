// `npm run bench:ciphers`: what one step of Signal costs with npm libsignal, as it comes and as we ran it, and with the
// wasm's ciphers. The three take turns on the same machine; of each figure the median of the rounds counts.
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

/** npm libsignal as it comes; the same with our curve and pruned records; the wasm's ciphers behind our repository. */
export type Variant = 'stock' | 'libsignal' | 'wasm';
/** Microseconds of CPU, or bytes. */
export type CipherFigures = Readonly<Record<string, number>>;

const variants: readonly Variant[] = ['stock', 'libsignal', 'wasm'];

const { values } = parseArgs({ options: { rounds: { type: 'string' }, quick: { type: 'boolean' } } });
const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
const scale = values.quick ? 0.1 : 1;

function measure(variant: Variant): Promise<CipherFigures> {
  const worker = new Worker(new URL('./ciphers-thread.js', import.meta.url), {
    workerData: { variant, scale },
    stdout: true, // stock libsignal prints its keys
  });
  return new Promise<CipherFigures>((resolve, reject) => {
    worker.once('message', ({ figures }: { figures: CipherFigures }) => resolve(figures));
    worker.once('error', reject);
  }).finally(() => worker.terminate());
}

const found = new Map<Variant, CipherFigures[]>(variants.map(variant => [variant, []]));
for (let round = 0; round < rounds; round++)
  for (const variant of variants) {
    process.stderr.write(`round ${round + 1} of ${rounds}: ${variant}\n`);
    found.get(variant)?.push(await measure(variant));
  }

function median(variant: Variant, name: string): number {
  const sorted = (found.get(variant) ?? []).map(figures => figures[name] ?? 0).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const rounded = (value: number) => Math.round(value).toLocaleString('en');
const names = Object.keys(found.get('wasm')?.[0] ?? {});
const lines = names.map(name => {
  const [stock, libsignal, wasm] = variants.map(variant => median(variant, name)) as [number, number, number];
  const unit = /session after|sender key after|memory/.test(name) ? 'B' : 'µs';
  const cells = [stock, libsignal, wasm].map(value => `${rounded(value)} ${unit}`);
  return `| ${name} | ${cells.join(' | ')} | ${(libsignal / wasm).toFixed(1)} | ${(stock / wasm).toFixed(1)} |`;
});
process.stdout.write(
  [
    '| | libsignal as it comes | libsignal, our curve, pruned | wasm, our repository | pruned : wasm | as it comes : wasm |',
    '|---|--:|--:|--:|--:|--:|',
    ...lines,
    '',
  ].join('\n'),
);
