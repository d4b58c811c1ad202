import { command } from '../asking/command.ts';
import type { DeviceSettings } from '../household/settings.ts';

/** How the device is set up. */
export const settingsGet = command({
  name: 'settings-get',
  run: async (_: Record<string, never>, on): Promise<DeviceSettings> => on.household.settings.current,
});
