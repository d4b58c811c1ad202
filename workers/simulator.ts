// Thread entry: a simulator of its own thread, so that a benchmark never measures it by accident.
import { parentPort, workerData } from 'node:worker_threads';
import { type SimulatorOptions, startSimulator } from '../src/simulator/index.ts';

const simulator = await startSimulator((workerData ?? {}) as SimulatorOptions);
const { socketUrl, controlUrl, rootKey } = simulator;

parentPort?.on('message', async message => {
  if (message !== 'stop') return;
  await simulator.stop();
  parentPort?.close();
});
parentPort?.postMessage({ socketUrl, controlUrl, rootKey });
