/** The simulator's figures as text. Pure. */
import type { CodecFigures } from './codec.ts';
import type { Figures } from './measure.ts';
import type { PhoneFigures } from './phones.ts';
import type { SlowReaderFigures } from './slow-reader.ts';

export interface Report {
  readonly machine: string;
  readonly codec: readonly CodecFigures[];
  readonly sizes: readonly Figures[];
  readonly phones: PhoneFigures | undefined;
  readonly slowReader: SlowReaderFigures | undefined;
}

const KB = 1024;
const GOAL_KB = 60;
const GOAL_PER_SECOND = 2_000;

export function reportText({ machine, codec, sizes, phones, slowReader }: Report): string {
  return [
    machine,
    '',
    'codec, microseconds (ours / Baileys)',
    ...codec.map(
      ({ what, bytes, encode, decode }) =>
        `  ${what} (${bytes} bytes): encode ${pair(encode)}, decode ${pair(decode)}`,
    ),
    ...sizes.flatMap(sizeLines),
    ...slopeLines(sizes),
    ...(phones
      ? [
          '',
          `texts to phones that decrypt them (${phones.devices} devices, ${phones.texts} texts)`,
          `  CPU per text ${shown(phones.textMs)} ms; ${shown(phones.perSecond)} texts/s, the load's encryption included`,
        ]
      : []),
    ...(slowReader
      ? [
          '',
          `a client that does not read, sent ${shown(slowReader.textsMb)} MB: the process grew by ${shown(slowReader.grewMb)} MB at most,`,
          `  its connection ended with "${slowReader.lastClose ?? 'nothing'}", the newest ${slowReader.queued} of ${slowReader.sent} texts wait for its next login`,
        ]
      : []),
  ].join('\n');
}

function sizeLines(figures: Figures): string[] {
  const { devices, linked, connected, shares } = figures;
  const each = (bytes: number) => `${shown(bytes / KB / devices)} KB`;
  const core = 1000 / figures.textMs;
  return [
    '',
    `${devices} devices`,
    `  memory each, linked: RSS ${each(linked.rss)}, heap and external ${each(linked.heap)}; and connected: RSS ${each(connected.rss)}, heap and external ${each(connected.heap)}`,
    `  CPU per device: link ${shown(figures.linkMs)} ms (all in ${shown(figures.linkSeconds)} s), log in ${shown(figures.loginMs)} ms (all in ${shown(figures.loginSeconds)} s)`,
    `  CPU while idle: ${shown(figures.idleMs)} ms per second`,
    `  CPU per text: ${shown(figures.textMs)} ms = ${shown(core)} texts per second and core (goal ${GOAL_PER_SECOND}: ${core >= GOAL_PER_SECOND ? 'met' : 'NOT MET'}); by the clock ${shown(figures.perSecond)}/s over ${figures.texts} texts`,
    ...shares.map(({ step, share }) => `    ${(share * 100).toFixed(1).padStart(5)} %  ${step}`),
  ];
}

/** Between two sizes what both have falls out: the code, and what was compiled of it. */
function slopeLines(sizes: readonly Figures[]): string[] {
  const [less, more] = sizes.slice(-2);
  if (!less || !more) return [];
  const slope = (bytes: (figures: Figures) => number) =>
    (bytes(more) - bytes(less)) / (more.devices - less.devices) / KB;
  const rss = slope(({ connected }) => connected.rss);
  return [
    '',
    `memory per connected idle device, from ${less.devices} to ${more.devices}: RSS ${shown(rss)} KB, heap and external ${shown(slope(({ connected }) => connected.heap))} KB (goal ${GOAL_KB}: ${rss < GOAL_KB ? 'met' : 'NOT MET'})`,
  ];
}

const pair = ({ ours, baileys }: { ours: number; baileys: number }) => `${shown(ours)} / ${shown(baileys)}`;

/** Three significant digits. */
function shown(value: number): string {
  const size = Math.abs(value);
  return size >= 100
    ? value.toFixed(0)
    : size >= 10
      ? value.toFixed(1)
      : size >= 1
        ? value.toFixed(2)
        : value.toFixed(3);
}
