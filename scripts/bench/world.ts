/** What the devices talk to: a simulator in a process of its own, with phones as contacts. */
import { type ControlClient, controlClient } from '../../src/simulator/control/client.ts';
import { startChild } from './children.ts';

export interface World {
  readonly socketUrl: string;
  readonly rootKey: string;
  readonly control: ControlClient;
  /** Numbers of phones without companions: the people on the other side. */
  readonly contacts: readonly string[];
  stop(): Promise<void>;
}

/** A phone encrypts one text at a time, so one contact alone would be the limit of what devices receive. */
const CONTACTS = 10;

export async function startWorld(): Promise<World> {
  const child = startChild('scripts/simulator.js', []);
  try {
    await child.line(line => line.startsWith('ws'));
    const rootKey = await child.line(line => /^[0-9a-f]{64}$/.test(line));
    const socketUrl = await child.line(line => line.startsWith('ws'));
    const control = controlClient(await child.line(line => line.startsWith('http')));
    const contacts: string[] = [];
    for (let n = 0; n < CONTACTS; n++) contacts.push((await control.createPhone()).phone);
    return { socketUrl, rootKey, control, contacts, stop: () => child.stop() };
  } catch (error) {
    await child.stop();
    throw error;
  }
}
