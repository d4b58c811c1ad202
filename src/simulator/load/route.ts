// Whom a phone may write to under a load. The people are one list for all phones: thousands of phones with a list of
// thousands each would not fit in memory.
import type { Phone } from '../phone/phone.ts';

export interface Route {
  readonly phone: Phone;
  /** JIDs, each once. */
  readonly people: readonly string[];
  /** Where the phone itself is among them, if it is. */
  readonly own: number | undefined;
  readonly groups: readonly string[];
}

/** How many there are to choose from. */
export function choices({ people, own, groups }: Pick<Route, 'people' | 'own' | 'groups'>): number {
  return people.length - (own === undefined ? 0 : 1) + groups.length;
}

/** `index` counts from 0, the people first. */
export function chosen(
  { people, own, groups }: Pick<Route, 'people' | 'own' | 'groups'>,
  index: number,
): string {
  const at = own === undefined || index < own ? index : index + 1;
  return (at < people.length ? people[at] : groups[at - people.length])!;
}
