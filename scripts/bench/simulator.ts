// npm run bench:simulator: what the simulator costs by device and by text, its process alone.
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { measureCodec } from './simulator/codec.ts';
import { measureAt } from './simulator/measure.ts';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '1000,5000' },
    texts: { type: 'string', default: '20000' },
    'in-flight': { type: 'string', default: '500' },
    'node-option': { type: 'string', multiple: true, default: [] },
  },
});
const start = performance.now();
const say = (line: string) =>
  void process.stdout.write(`${((performance.now() - start) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
say(
  `${cpus()[0]?.model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}, load ${loadavg()
    .map(x => x.toFixed(1))
    .join(' ')}`,
);
say(JSON.stringify(measureCodec()));
for (const devices of values.devices.split(',').map(Number)) {
  const figures = await measureAt(devices, {
    texts: Number(values.texts),
    inFlight: Number(values['in-flight']),
    nodeOptions: values['node-option'],
    say,
  });
  say(JSON.stringify(figures, null, 1));
}
