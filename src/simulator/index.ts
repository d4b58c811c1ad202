// A WhatsApp server for tests, benchmarks and a first try without a phone. docs/simulator.md says what it speaks.
export { type Simulator, type SimulatorOptions, startSimulator } from './server.ts';
