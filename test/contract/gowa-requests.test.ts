// What gowa's clients get back when something is wrong, for every operation of its contract: a device that there is not, a
// device that is not named, a field that is missing, a field that is empty where it may be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, type Heard } from '../support/gowa/ask.ts';
import { type Call, calls } from '../support/gowa/calls.ts';
import { gowaOperations } from '../support/gowa/contract.ts';
import { pending } from '../support/gowa/pending.ts';
import { startGowaWorld } from '../support/gowa/world.ts';

const operations = gowaOperations().filter(({ id }) => !pending.has(id));

/** Required by gowa's code (src/validations) where its document does not say so. */
const alsoRequired: Readonly<Record<string, readonly string[]>> = {
  appLoginWithCode: ['phone'],
  userInfo: ['phone'],
  userAvatar: ['phone'],
  userCheck: ['phone'],
  userChangeAvatar: ['avatar'],
  sendMessage: ['phone', 'message'],
  sendContact: ['phone', 'contact_name', 'contact_phone'],
  sendLink: ['phone', 'link', 'caption'],
  sendLocation: ['phone', 'latitude', 'longitude'],
  sendImage: ['phone'],
  sendFile: ['phone'],
  sendAudio: ['phone'],
  sendVideo: ['phone'],
  sendSticker: ['phone'],
  reactMessage: ['phone'],
  revokeMessage: ['phone'],
  deleteMessage: ['phone'],
  groupInfo: ['group_id'],
  // gowa wants somebody beside; a group of one is one, and its members can be added.
  createGroup: ['title'],
  addParticipantToGroup: ['group_id', 'participants'],
  removeParticipantFromGroup: ['group_id', 'participants'],
  promoteParticipantToAdmin: ['group_id', 'participants'],
  demoteParticipantToMember: ['group_id', 'participants'],
  joinGroupWithLink: ['link'],
  leaveGroup: ['group_id'],
  setGroupTopic: ['group_id'],
  unfollowNewsletter: ['newsletter_id'],
};

/** What gowa does not read from a form: the fields in rest/device.go and types.WebAuthnResponse have names in JSON only. */
const jsonOnly = new Set(['addDevice', 'updateDeviceWebhook', 'appPasskeyResponse']);

/** Documented as required, and not: why. */
const notRequired: Readonly<Record<string, string>> = {};

const codeOf = ({ body }: Heard) => (body as { code?: string }).code;
const enveloped = ({ body }: Heard) => {
  const { code, message, results } = body as Record<string, unknown>;
  assert.equal(typeof code, 'string');
  assert.equal(typeof message, 'string');
  assert.ok(results === undefined || typeof results === 'object');
};

test('every operation refuses a device that there is not, and one that is not named, in the words of gowa', async t => {
  const world = await startGowaWorld(t, 1);
  for (const operation of operations.filter(({ selects }) => selects)) {
    const unknown = await ask(world.node.url, operation, { device: 'nobody' });
    assert.deepEqual([unknown.status, codeOf(unknown)], [404, 'DEVICE_NOT_FOUND'], operation.id);
    assert.deepEqual((unknown.body as { results: unknown }).results, { device_id: 'nobody' });
    enveloped(unknown);
    const unnamed = await ask(world.node.url, operation, { device: null });
    assert.deepEqual([unnamed.status, codeOf(unnamed)], [400, 'DEVICE_ID_REQUIRED'], operation.id);
    assert.equal(
      (unnamed.body as { message: string }).message,
      'device_id is required via X-Device-Id header or device_id query',
    );
  }
  for (const operation of operations.filter(({ path }) => path.startsWith('/devices/{device_id}'))) {
    const heard = await ask(world.node.url, operation, {
      path: { device_id: 'nobody' },
      query: { phone: '15551234567' },
      body: operation.type ? { webhook_url: '' } : undefined,
    } as Call);
    assert.deepEqual([heard.status, codeOf(heard)], [404, 'DEVICE_NOT_FOUND'], operation.id);
  }
});

test('every operation names a required field that is missing, empty or null, and does nothing', async t => {
  const world = await startGowaWorld(t, 1);
  for (const operation of operations) {
    const required = [...operation.required, ...(alsoRequired[operation.id] ?? [])];
    if (required.length === 0) continue;
    await t.test(operation.id, async () => {
      const make = calls[operation.id]?.[0] ?? assert.fail(operation.id);
      const call = await make(world);
      for (const field of new Set(required)) {
        if (`${operation.id} ${field}` in notRequired) continue;
        const { [field]: value, ...body } = call.body ?? {};
        const { [field]: _, ...query } = call.query ?? {};
        const without = { ...call, ...(call.query && { query }), ...(call.body && { body }) };
        const tries: Call[] = [without];
        if (value !== undefined && operation.type === 'application/json') {
          if (typeof value === 'string') tries.push({ ...without, body: { ...body, [field]: '' } });
          tries.push({ ...without, body: { ...body, [field]: null } });
        }
        for (const tried of tries) {
          // Emptying the webhook's URL is how it is cleared.
          if (operation.id === 'updateDeviceWebhook' && tried.body?.[field] === '') continue;
          const heard = await ask(world.node.url, operation, tried);
          assert.deepEqual(
            [heard.status, codeOf(heard)],
            [400, 'VALIDATION_ERROR'],
            `${field}: ${JSON.stringify(heard.body)}`,
          );
          assert.ok(
            (heard.body as { message: string }).message.startsWith(field),
            JSON.stringify(heard.body),
          );
          enveloped(heard);
        }
      }
    });
  }
});

test('every JSON body may be a form, as gowa reads both', async t => {
  const world = await startGowaWorld(t, 1);
  for (const operation of operations.filter(
    ({ type, id }) => type === 'application/json' && !jsonOnly.has(id),
  ))
    await t.test(operation.id, async () => {
      const make = calls[operation.id]?.[0] ?? assert.fail(operation.id);
      const call = await make(world);
      if (!call.body || Object.keys(call.body).length === 0) return;
      const heard = await ask(world.node.url, { ...operation, type: 'multipart/form-data' }, call);
      assert.equal(heard.status, 200, JSON.stringify(heard.body));
      assert.equal(operation.wrong(heard.body), undefined);
    });
});

test('optional fields that are null or empty are as good as absent', async t => {
  const world = await startGowaWorld(t, 1);
  for (const operation of operations.filter(({ type }) => type === 'application/json'))
    await t.test(operation.id, async () => {
      const required = new Set([...operation.required, ...(alsoRequired[operation.id] ?? [])]);
      const make = calls[operation.id]?.[0] ?? assert.fail(operation.id);
      for (const empty of [null, '']) {
        const call = await make(world);
        const body = { ...call.body };
        const some = empty === null ? operation.fields : operation.texts;
        const optional = some.filter(name => !required.has(name));
        if (optional.length === 0 || operation.id.startsWith('appPasskey')) continue;
        for (const name of optional) body[name] = empty;
        const heard = await ask(world.node.url, operation, { ...call, body });
        assert.equal(heard.status, 200, `${JSON.stringify(body)}: ${JSON.stringify(heard.body)}`);
      }
    });
});
