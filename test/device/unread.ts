// A device's unreadable messages without a store, for tests of other things.

import { Unread } from '../../src/device/receiving/unread.ts';
import { UNREAD_LIMITS } from '../../src/device/receiving/unread-rules.ts';
import { Seal } from '../../src/lib/seal.ts';
import type { Sql } from '../../src/store/database.ts';
import { quiet } from './signal.ts';

/** Nothing is undecryptable in the test; if it were, the statement would fail it. */
export function nothingUnread(): Unread {
  const fail = () => {
    throw new Error('a message could not be decrypted');
  };
  return new Unread(
    {
      sql: fail as unknown as Sql,
      seal: new Seal(new Uint8Array(32)),
      term: { no: 1, owner: '', epoch: 1 },
      limits: UNREAD_LIMITS,
      self: () => ({ jid: '', lid: '' }),
      log: quiet,
      happened: fail,
      journaled: () => true,
      counted: fail,
      onFailure: fail,
    },
    [],
  );
}
