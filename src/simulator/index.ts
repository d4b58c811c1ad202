// A WhatsApp server for tests, benchmarks and a first try without a phone. docs/simulator.md says what it speaks.
export { type ClientOptions, clientOptions } from './client-options.ts';
export { type ControlClient, controlClient } from './control/client.ts';
export type { SimulatorOptions } from './options.ts';
export { type Simulator, startSimulator } from './server.ts';
