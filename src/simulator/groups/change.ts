// Every change that somebody can ask of a group, and where each is decided. Linked devices (iqs.ts) and phones
// (control/groups.ts) come through here, so that the two cannot differ.
import type { Account } from '../accounts/accounts.ts';
import type { World } from '../world.ts';
import { type CreateRequest, create } from './create.ts';
import type { Group } from './groups.ts';
import { add, demote, leave, promote, remove } from './membership.ts';
import type { Outcome, Person, PersonResult } from './outcome.ts';
import type { Scene } from './rules.ts';

export type Change =
  | { readonly type: 'add' | 'remove' | 'promote' | 'demote'; readonly people: readonly Person[] }
  | { readonly type: 'leave' };

/** Decides and does it. Whoever calls answers first and then announces the notices. Throws IqError for a refusal. */
export function change(world: World, actor: Account, group: Group, wanted: Change): Outcome {
  const outcome = decide(sceneOf(world, actor, group), wanted);
  world.changed();
  return outcome;
}

export function found(
  world: World,
  actor: Account,
  request: CreateRequest,
): Outcome & { failed: PersonResult[] } {
  const { groups, now, mayAdd } = around(world, actor);
  const outcome = create({ groups, actor, now, mayAdd }, request);
  world.changed();
  return outcome;
}

export function sceneOf(world: World, actor: Account, group: Group): Scene {
  return { ...around(world, actor), group };
}

function around(world: World, actor: Account) {
  const mayAdd = (person: Account) => world.groups.mayAdd(person, actor);
  return { groups: world.groups, actor, now: Math.floor(Date.now() / 1000), mayAdd };
}

function decide(scene: Scene, wanted: Change): Outcome {
  switch (wanted.type) {
    case 'add':
      return add(scene, wanted.people);
    case 'remove':
      return remove(scene, wanted.people);
    case 'promote':
      return promote(scene, wanted.people);
    case 'demote':
      return demote(scene, wanted.people);
    case 'leave':
      return leave(scene);
  }
}
