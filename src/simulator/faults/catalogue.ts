// Every fault there is, by name. A feature with faults of its own keeps them in its folder, as a record like those
// spread in here, and asks for them where they strike: `world.faults.armed?.fire('media.bad-mac', device)`.
import type { z } from '@hono/zod-openapi';
import { mediaFaults } from '../media/faults.ts';
import { answerFaults } from './answers.ts';
import { closingFaults } from './closing.ts';
import { connectingFaults } from './connecting.ts';
import type { Kind } from './kind.ts';
import { networkFaults } from './network.ts';
import { poisonFaults } from './poison.ts';

export const catalogue = {
  ...connectingFaults,
  ...closingFaults,
  ...networkFaults,
  ...answerFaults,
  ...poisonFaults,
  ...mediaFaults,
} as const;

export type FaultName = keyof typeof catalogue;
export type FaultParams<N extends FaultName> =
  (typeof catalogue)[N] extends Kind<infer P> ? z.output<P> : never;

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(catalogue, name);
}

/** The row as a kind of any parameters. */
export function kindOf(name: FaultName): Kind {
  return catalogue[name] as unknown as Kind;
}
