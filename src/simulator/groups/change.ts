// Every change that somebody can ask of a group, and where each is decided. Linked devices (iqs.ts) and phones
// (control/groups.ts) come through here, so that the two cannot differ.
import type { Account } from '../accounts/accounts.ts';
import { IqError } from '../stanzas/request.ts';
import type { World } from '../world.ts';
import { exit } from './belonging.ts';
import {
  type CommunityRequest,
  createCommunity,
  createSubgroup,
  deactivate,
  end,
  joinSubgroup,
  link,
  type NamedGroup,
  unlink,
} from './communities.ts';
import { type CreateRequest, create, type Founded } from './create.ts';
import type { Group } from './groups.ts';
import { type Acceptance, accept, join, resetCode, withdraw } from './invites.ts';
import { add, demote, leave, promote, remove } from './membership.ts';
import { type Outcome, type Person, toMembers } from './outcome.ts';
import {
  applySettings,
  type DescriptionChange,
  setDescription,
  setSettings,
  setSubject,
} from './properties.ts';
import { report } from './reports.ts';
import { approve, cancel, reject } from './requests.ts';
import type { Scene } from './rules.ts';
import type { Settings } from './settings.ts';

export type Change =
  | {
      readonly type:
        | 'add'
        | 'remove'
        | 'promote'
        | 'demote'
        | 'approve'
        | 'reject'
        | 'cancel'
        | 'withdraw-invites';
      readonly people: readonly Person[];
    }
  | { readonly type: 'leave' | 'reset-invite' | 'deactivate' }
  | { readonly type: 'subject'; readonly subject: string }
  | ({ readonly type: 'description' } & DescriptionChange)
  | { readonly type: 'settings'; readonly settings: Partial<Settings> }
  | { readonly type: 'join'; readonly code: string }
  | ({ readonly type: 'accept' } & Acceptance)
  | { readonly type: 'report'; readonly messages: readonly string[] }
  | { readonly type: 'link'; readonly groups: readonly NamedGroup[] }
  | { readonly type: 'unlink'; readonly groups: readonly (NamedGroup & { orphans: boolean })[] }
  | { readonly type: 'join-subgroup'; readonly group: Group | undefined };

/** Decides and does it. Whoever calls answers first and then announces the notices. Throws IqError for a refusal. */
export function change(world: World, actor: Account, group: Group, wanted: Change): Outcome {
  if (group.settings.suspended && wanted.type !== 'leave') throw new IqError(423);
  const outcome = decide(sceneOf(world, actor, group), wanted);
  world.changed();
  return outcome;
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
    case 'subject':
      return setSubject(scene, wanted.subject);
    case 'description':
      return setDescription(scene, wanted);
    case 'settings':
      return setSettings(scene, wanted.settings);
    case 'join':
      return join(scene, wanted.code);
    case 'accept':
      return accept(scene, wanted);
    case 'reset-invite':
      return resetCode(scene);
    case 'withdraw-invites':
      return withdraw(scene, wanted.people);
    case 'approve':
      return approve(scene, wanted.people);
    case 'reject':
      return reject(scene, wanted.people);
    case 'cancel':
      return cancel(scene, wanted.people);
    case 'report':
      return report(scene, wanted.messages);
    case 'link':
      return link(scene, wanted.groups);
    case 'unlink':
      return unlink(scene, wanted.groups);
    case 'join-subgroup':
      return joinSubgroup(scene, wanted.group);
    case 'deactivate':
      return deactivate(scene);
  }
}

export type FoundingRequest = CreateRequest & {
  /** Makes a community. */
  readonly community?: Pick<CommunityRequest, 'generalChat'> | undefined;
  /** The community that it shall belong to. */
  readonly parent?: Group | undefined;
};

/** Makes a group, a community, or a group of a community. As {@link change}. */
export function found(world: World, actor: Account, request: FoundingRequest): Founded {
  const founding = around(world, actor);
  const made = request.community
    ? createCommunity(founding, { ...request, ...request.community })
    : request.parent
      ? createSubgroup(founding, request.parent, request)
      : create(founding, request);
  world.changed();
  return made;
}

/** What the server does to a group by itself. */
export type ServerAct =
  | { readonly type: 'suspend'; readonly suspended: boolean }
  | { readonly type: 'growth-lock'; readonly until: number }
  | { readonly type: 'end'; readonly reason: string };

export function actAsServer(world: World, group: Group, act: ServerAct): Outcome {
  world.changed();
  if (act.type === 'end') return { group, notices: end(world.groups, group, undefined, act.reason) };
  const wanted = act.type === 'suspend' ? { suspended: act.suspended } : { growthLockedUntil: act.until };
  const keys = applySettings(group.settings, wanted);
  return { group, notices: keys.map(key => toMembers(group, undefined, { type: 'setting', key })) };
}

/** Somebody is gone for good: so they are from every group. */
export function quit(world: World, account: Account): Outcome['notices'] {
  return [...world.groups.of(account)].flatMap(group => exit(world.groups, group, [account], account));
}

/** Somebody has another number: so they have in every group. */
export function renumbered(
  world: World,
  account: Account,
  old: { readonly old: string; readonly old_lid: string },
): Outcome['notices'] {
  return [...world.groups.of(account)].map(group => {
    const before = group.addressing === 'lid' ? old.old_lid : old.old;
    return toMembers(group, undefined, { type: 'modify', people: [account], before });
  });
}

export function sceneOf(world: World, actor: Account, group: Group): Scene {
  return { ...around(world, actor), group };
}

function around(world: World, actor: Account) {
  const mayAdd = (person: Account) => world.groups.mayAdd(person, actor);
  return { groups: world.groups, actor, now: Number(world.clock.seconds()), mayAdd };
}
