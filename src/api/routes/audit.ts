// The audit log, as callers read it. What is noted in it, and when, is in ../entry.ts.
import { z } from '@hono/zod-openapi';
import type { AuditEntry } from '../../access/audit.ts';
import type { ApiDeps } from '../deps.ts';
import { count, integer } from '../query.ts';
import type { AddRoute } from '../route.ts';

const time = z.iso.datetime({ offset: true });

const auditShown = z
  .object({
    no: z.number().int(),
    at: time,
    actor: z.string().openapi({ description: 'key:<id>, user:<name>, env:<n> or anybody.' }),
    address: z.string(),
    action: z.string().openapi({ description: 'The operation in this document.', example: 'sendMessage' }),
    device_id: z.string().nullable(),
    target: z.string().nullable(),
    status: z.number().int(),
    code: z.string(),
    request_id: z.string(),
    before: z.string().nullable().openapi({ description: 'SHA-256 of what was there, where it is noted.' }),
    after: z.string().nullable(),
  })
  .openapi('AuditEntry');

export function auditRoutes(add: AddRoute, { audit }: ApiDeps): void {
  add(
    {
      id: 'listAudit',
      method: 'get',
      path: '/audit',
      tag: 'key',
      scope: 'admin',
      summary: 'Who did what, the newest first',
      query: z.object({
        before: integer(0, Number.MAX_SAFE_INTEGER).openapi({
          description: 'Entries with a lower number: the `next` of the last page.',
        }),
        limit: count(100, 500),
        actor: z.string().max(200).optional(),
        action: z.string().max(100).optional(),
        device_id: z.string().max(64).optional(),
        since: time.optional(),
        until: time.optional(),
      }),
      results: z.object({ entries: z.array(auditShown), next: z.number().int().nullable() }),
    },
    async ({ query: { before, limit, actor, action, device_id: device, since, until } }) => {
      const page = await audit.page({
        ...{ before, limit, actor, action, device },
        since: since === undefined ? undefined : new Date(since),
        until: until === undefined ? undefined : new Date(until),
      });
      const next = page.length < limit ? null : (page.at(-1)?.no ?? null);
      return { message: 'Audit log', results: { entries: page.map(shownEntry), next } };
    },
  );
}

function shownEntry(entry: AuditEntry & { readonly no: number }): z.input<typeof auditShown> {
  const { no, at, device, request, before, after, ...same } = entry;
  return {
    ...same,
    no,
    at: at.toISOString(),
    device_id: device,
    request_id: request,
    before: before?.toString('hex') ?? null,
    after: after?.toString('hex') ?? null,
  };
}
