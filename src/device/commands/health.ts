import { command } from '../asking/command.ts';

/** How the device is, measured (docs/health.md). */
export const health = command({
  name: 'health',
  run: async (_: Record<string, never>, on) => on.care.report(),
});
