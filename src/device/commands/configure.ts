import { command } from '../asking/command.ts';
import type { DeviceSettings, SettingsChange } from '../household/settings.ts';

/** Sets the device up anew: what is given is set, null gives a setting back to what the process has for it. */
export const configure = command({
  name: 'configure',
  run: (change: SettingsChange, on): Promise<DeviceSettings> => on.household.settings.change(change),
});
