/** What belongs to a device beside its line: how it is set up, what it does by itself, and its labels. */
import type { BaileysEventMap } from '@whiskeysockets/baileys';
import type { Draft } from '../../journal/event.ts';
import type { Connection } from '../line/connection.ts';
import { Labels, type LabelsOptions } from './labels.ts';
import { Manners, type MannersOptions } from './manners.ts';
import { Settings, type SettingsOptions } from './settings.ts';

export type HouseholdOptions = SettingsOptions & LabelsOptions & Omit<MannersOptions, 'settings'>;

export class Household {
  readonly settings: Settings;
  readonly manners: Manners;
  readonly labels: Labels;

  /** `row` is what was set for the device. Fails with SealBroken. */
  constructor(options: HouseholdOptions, row: Buffer | undefined) {
    this.settings = new Settings(options, row);
    this.manners = new Manners({ ...options, settings: this.settings });
    this.labels = new Labels(options);
  }

  /** Does what is due upon these events, and gives back those of them that the chats are to keep. */
  heard(events: Partial<BaileysEventMap>, connection: Connection): Partial<BaileysEventMap> {
    this.labels.heard(events);
    return { ...this.settings.withoutPast(events), ...this.manners.heard(events, connection) };
  }

  /** A fact with what the device has done about it by itself. */
  judged<F extends Draft>(fact: F): F {
    const { event, payload } = fact;
    if (event !== 'call.offer' || !this.manners.rejects(payload.call_id)) return fact;
    return { ...fact, payload: { ...payload, auto_rejected: true } };
  }
}
