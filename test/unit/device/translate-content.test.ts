// What each kind of message says, field by field: what the event `message` has beside the common fields.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saidIn } from '../../../src/device/translate/content/content.ts';
import type { Common } from '../../../src/device/translate/envelope.ts';
import { payloadOf } from '../../../src/device/translate/messages.ts';
import { forms } from '../../support/message-forms.ts';
import { messageKinds } from '../../support/message-kinds.ts';

for (const [what, message, payload] of messageKinds)
  test(`${what} is told field by field`, () => {
    for (const form of forms(message)) {
      const [event, fields] = payloadOf(saidIn(form), {} as Common) ?? [];
      assert.equal(event, 'message');
      assert.deepEqual(JSON.parse(JSON.stringify(fields)), payload);
    }
  });
