// What the benchmark and the process with stock Baileys say to each other.
import type { LinkedDevice } from '../../src/simulator/control/client.ts';

export type ToStock =
  | {
      readonly op: 'connect';
      readonly socketUrl: string;
      readonly rootKey: string;
      readonly devices: readonly Pick<LinkedDevice, 'credentials' | 'preKeys'>[];
    }
  | {
      readonly op: 'send';
      readonly id: number;
      readonly device: number;
      readonly to: string;
      readonly text: string;
    };

export type FromStock =
  | { readonly op: 'ready' }
  | { readonly op: 'opened' }
  | { readonly op: 'sent'; readonly id: number; readonly error?: string };
