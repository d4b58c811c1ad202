// Thread entry: a simulator of its own thread, so that a benchmark never measures it by accident.
import { parentPort, workerData } from 'node:worker_threads';
import { type SimulatorOptions, startSimulator } from '../src/simulator/index.ts';

const { stop, ...simulator } = await startSimulator((workerData ?? {}) as SimulatorOptions);

parentPort?.on('message', async message => {
  if (message !== 'stop') return;
  await stop();
  parentPort?.close();
});
parentPort?.postMessage(simulator);
