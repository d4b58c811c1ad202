// Messages that members report to the admins of their group (whatsapp-rust ReportGroupMessagesIq).
import type { Account } from '../accounts/accounts.ts';
import { IqError } from '../stanzas/request.ts';
import { type Outcome, toAdmins } from './outcome.ts';
import { requireAdmin, requireMember, type Scene } from './rules.ts';

export interface Report {
  readonly by: Account;
  /** Unix seconds. */
  readonly at: number;
}

/** Of a group; the oldest go first. */
const KEPT_REPORTS = 1_000;

/** Throws 403 where admins do not take reports. Once per message and member. */
export function report(scene: Scene, messages: readonly string[]): Outcome {
  const { group, actor, now } = scene;
  requireMember(scene);
  if (!group.settings.allowAdminReports) throw new IqError(403);
  for (const id of messages) {
    const reports = group.reports.get(id) ?? [];
    if (!reports.some(one => one.by === actor)) group.reports.set(id, [...reports, { by: actor, at: now }]);
  }
  for (const oldest of group.reports.keys()) {
    if (group.reports.size <= KEPT_REPORTS) break;
    group.reports.delete(oldest);
  }
  return { group, notices: [toAdmins(group, actor, { type: 'reports' })] };
}

/** By the id of the message. Throws 403 for who is no admin. */
export function seeReports(scene: Scene): ReadonlyMap<string, readonly Report[]> {
  requireAdmin(scene);
  return scene.group.reports;
}
