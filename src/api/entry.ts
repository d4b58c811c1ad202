// What stands before each route: whether the caller's key is for it, and the audit log behind.
import { hash } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import type { Audit, AuditEntry } from '../access/audit.ts';
import { type ErrorCode, Failure } from '../errors.ts';
import type { ApiEnv } from './deps.ts';
import type { Scope } from './scopes.ts';

/** What every route may answer; and every POST beside. */
export const always = [
  'UNAUTHORIZED',
  'FORBIDDEN',
  'FORBIDDEN_ORIGIN',
  'KEY_IN_QUERY',
  'RATE_LIMITED',
  'STORE_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
] as const satisfies readonly ErrorCode[];
export const repeatable = [
  'VALIDATION_ERROR',
  'IDEMPOTENCY_RUNNING',
  'IDEMPOTENCY_REUSED',
] as const satisfies readonly ErrorCode[];

export interface Door {
  /** The name of the operation. */
  readonly id: string;
  readonly method: string;
  readonly scope: Scope;
  /** Another that it needs as well. */
  readonly also?: Scope | undefined;
  readonly acts?: true | undefined;
}

/** Fails with FORBIDDEN, naming the scope that the key lacks. What changes anything is noted in the audit log. */
export function entry(audit: Audit, { id, method, scope, also, acts }: Door): MiddlewareHandler<ApiEnv> {
  const noted = scope !== 'read' && (method !== 'get' || acts === true);
  // Of what is done to the installation nothing may be missing; a message has its own row, and need not wait for another.
  const awaited = scope === 'admin' || scope === 'devices';
  const check = (c: Context<ApiEnv>) => {
    for (const one of also ? [scope, also] : [scope])
      if (!c.get('actor').scopes.has(one))
        throw new Failure('FORBIDDEN', `The key lacks the scope ${one}.`, { results: { scope: one } });
  };
  if (!noted)
    return (c, next) => {
      check(c);
      return next();
    };
  return async (c, next) => {
    const at = new Date();
    const note = (status: number, code: string) =>
      audit.note({ ...aboutOf(c), at, action: id, status, code }, awaited);
    try {
      check(c);
    } catch (refusal) {
      void note(403, 'FORBIDDEN');
      throw refusal;
    }
    await next();
    const written = note(c.res.status, c.get('code') ?? 'SUCCESS');
    if (awaited) await written;
  };
}

function aboutOf(c: Context<ApiEnv>): Omit<AuditEntry, 'at' | 'action' | 'status' | 'code'> {
  const change = c.get('change');
  return {
    actor: c.get('actor').name,
    address: c.get('address'),
    device: c.get('device') ?? null,
    target: c.get('target') ?? null,
    request: c.get('request'),
    before: change ? hashed(change.before) : null,
    after: change ? hashed(change.after) : null,
  };
}

function hashed(value: unknown): Buffer | null {
  return value === undefined ? null : hash('sha256', JSON.stringify(value), 'buffer');
}
