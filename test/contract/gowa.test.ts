// gowa's contract, walked: each operation in scope against a device on a simulated WhatsApp.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, type Heard } from '../support/gowa/ask.ts';
import { calls } from '../support/gowa/calls.ts';
import { gowaOperations } from '../support/gowa/contract.ts';
import { pending } from '../support/gowa/pending.ts';
import { startGowaWorld } from '../support/gowa/world.ts';

const operations = gowaOperations();

/** Deliberate: what we refuse where gowa does it, as docs/migrating-from-gowa.md says. */
const refused: Readonly<Record<string, readonly [status: number, code: string]>> = {
  appPasskeyResponse: [501, 'PASSKEY_UNSUPPORTED'],
  appPasskeyConfirm: [501, 'PASSKEY_UNSUPPORTED'],
};

/** Fields that the walk does not give, and why. */
const ungiven: Readonly<Record<string, string>> = Object.fromEntries(
  ['image', 'file', 'audio', 'video', 'sticker'].map(kind => [
    `send${kind[0]?.toUpperCase()}${kind.slice(1)} ${kind}_url`,
    'no address of this machine is fetched from; api/media.test.ts has a guard that lets one pass',
  ]),
);

test('every operation in scope has its requests, which give every documented field', () => {
  assert.deepEqual(Object.keys(calls).sort(), operations.map(({ id }) => id).sort());
  assert.ok(operations.length > 75, `only ${operations.length} operations were read`);
});

test('every operation answers as gowa documents it, and is given every documented field', async t => {
  const world = await startGowaWorld(t);
  const byId = new Map(operations.map(operation => [operation.id, operation]));
  for (const [id, makers] of Object.entries(calls))
    await t.test(id, async () => {
      const operation = byId.get(id);
      assert.ok(operation);
      const given = new Set<string>();
      for (const make of makers) {
        const call = await make(world);
        for (const name of [...Object.keys(call.query ?? {}), ...Object.keys(call.body ?? {})])
          given.add(name);
        const heard = await ask(world.node.url, operation, call);
        if (pending.has(id))
          return assert.ok(isMissing(heard), `${id} is there: take it off the pending ones`);
        const refusal = refused[id];
        if (refusal) {
          assert.deepEqual([heard.status, (heard.body as { code?: string }).code], refusal);
          continue;
        }
        assert.equal(heard.status, 200, JSON.stringify(heard.body));
        assert.equal(heard.type, operation.answers);
        if (heard.type !== 'application/json') continue;
        assert.equal(operation.wrong(heard.body), undefined);
        assert.equal((heard.body as { code: string }).code, 'SUCCESS');
      }
      const documented = [...operation.query, ...operation.fields];
      assert.deepEqual(
        documented.filter(name => !given.has(name) && !(`${id} ${name}` in ungiven)),
        [],
      );
    });
});

function isMissing({ status, body }: Heard): boolean {
  return status === 404 ? (body as { code?: string }).code === 'NOT_FOUND' : status === 405;
}
