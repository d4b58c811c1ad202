// Keys, kept answers and the audit log without a database, for tests of how requests are read and answered.
import type { Answers, Begun, KeptAnswer } from '../../src/access/answers.ts';
import type { Audit, AuditEntry } from '../../src/access/audit.ts';
import type { Keys } from '../../src/access/keys.ts';
import { Failure } from '../../src/errors.ts';

const none = async (): Promise<never> => {
  throw new Failure('KEY_NOT_FOUND');
};

/** Nobody has ever made a key. */
export const noKeys: Keys = {
  any: false,
  fresh: () => undefined,
  find: () => undefined,
  used() {},
  page: async () => [],
  get: none,
  change: none,
  revoke: none,
  create: none,
  rotate: none,
};

interface Kept {
  readonly fingerprint: Buffer;
  answer: KeptAnswer | undefined;
  running: boolean;
}

export class InMemoryAnswers implements Answers {
  readonly kept = new Map<string, Kept>();

  async begin(id: Buffer, fingerprint: Buffer): Promise<Begun> {
    const name = id.toString('hex');
    const earlier = this.kept.get(name);
    if (earlier && !earlier.fingerprint.equals(fingerprint)) return { as: 'other' };
    if (earlier?.running) return { as: 'running' };
    if (earlier?.answer) return { as: 'done', answer: earlier.answer };
    const mine: Kept = { fingerprint, answer: undefined, running: true };
    this.kept.set(name, mine);
    const end = async (answer?: KeptAnswer) => {
      Object.assign(mine, { answer, running: false });
    };
    return {
      as: 'ours',
      turn: {
        again: earlier !== undefined,
        use: 'first',
        keep: end,
        leave: () => end(),
        forget: async () => {
          this.kept.delete(name);
        },
      },
    };
  }
}

export class InMemoryAudit implements Audit {
  readonly entries: AuditEntry[] = [];

  async note(entry: AuditEntry): Promise<void> {
    this.entries.push(entry);
  }

  async page(): Promise<(AuditEntry & { readonly no: number })[]> {
    return this.entries.map((entry, no) => ({ ...entry, no })).reverse();
  }
}
