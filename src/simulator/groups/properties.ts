// What a group says and how it is set: subject, description, settings.
import { IqError } from '../stanzas/request.ts';
import { type Outcome, toMembers } from './outcome.ts';
import { checkedDescription, checkedSubject, requireAdmin, requireEditor, type Scene } from './rules.ts';
import { SERVER_ONLY, type Settings } from './settings.ts';

export function setSubject(scene: Scene, text: string): Outcome {
  const { group, actor, now } = scene;
  requireEditor(scene);
  group.subject = checkedSubject(text);
  group.subjectBy = actor;
  group.subjectAt = now;
  return { group, notices: [toMembers(group, actor, { type: 'subject' })] };
}

export interface DescriptionChange {
  /** The id of the new one. */
  readonly id: string;
  /** The id of the one that it replaces, as far as the writer knows. */
  readonly previous: string | undefined;
  /** Nothing, or an empty one, deletes it. */
  readonly text: string | undefined;
}

/** Throws 409 when somebody else has written one in the meantime (Baileys and whatsmeow fetch the id to name it). */
export function setDescription(scene: Scene, change: DescriptionChange): Outcome {
  const { group, actor, now } = scene;
  requireEditor(scene);
  const text = checkedDescription(change.text ?? '');
  if (group.description?.id !== change.previous) throw new IqError(409);
  group.description = text === '' ? undefined : { id: change.id, text, by: actor, at: now };
  return { group, notices: [toMembers(group, actor, { type: 'description', id: change.id })] };
}

/** Whoever may edit the group lets messages disappear; the rest is for admins. What is so already is no news. */
export function setSettings(scene: Scene, wanted: Partial<Settings>): Outcome {
  const { group, actor } = scene;
  const keys = Object.keys(wanted) as (keyof Settings)[];
  if (keys.some(key => SERVER_ONLY.has(key))) throw new IqError(403);
  if (
    group.kind !== 'community' &&
    keys.some(key => key === 'nonAdminSubgroups' || key === 'defaultApproval')
  )
    throw new IqError(400);
  // Only admins write into a community's announcements, for good.
  if (group.kind === 'announcements' && wanted.announcement === false) throw new IqError(403);
  if (keys.every(key => key === 'ephemeral' || key === 'ephemeralTrigger')) requireEditor(scene);
  else requireAdmin(scene);
  const news = applySettings(group.settings, wanted).map(key => ({ type: 'setting', key }) as const);
  if (wanted.announcement !== undefined) group.adminVersion++;
  return { group, notices: news.map(one => toMembers(group, actor, one)) };
}

/** Those that are different now. */
export function applySettings(settings: Settings, wanted: Partial<Settings>): (keyof Settings)[] {
  const changed = (Object.keys(wanted) as (keyof Settings)[]).filter(key => settings[key] !== wanted[key]);
  Object.assign(settings, wanted);
  // A trigger is told with the time that it belongs to.
  return changed.includes('ephemeralTrigger')
    ? [...new Set([...changed.filter(key => key !== 'ephemeralTrigger'), 'ephemeral' as const])]
    : changed;
}
