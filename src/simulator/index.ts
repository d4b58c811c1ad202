// A WhatsApp server for tests, benchmarks and a first try without a phone. docs/simulator.md says what it speaks.
export type { SimulatorOptions } from './options.ts';
export { type Simulator, startSimulator } from './server.ts';
