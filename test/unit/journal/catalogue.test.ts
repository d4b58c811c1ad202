import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AboutAnother, Kind } from '../../../src/device/translate/content/kinds.ts';
import { catalogue, eventTypes, sampleOf, schemaOf } from '../../../src/journal/catalogue/catalogue.ts';
import { messageTypes } from '../../../src/journal/catalogue/message.ts';
import { eventNames } from '../../../src/journal/names.ts';
import { driftOf } from '../../support/held.ts';

test('the catalogue has every event, in the order of their names, and no other', () => {
  assert.deepEqual(Object.keys(catalogue).sort(), [...eventNames].sort());
  assert.deepEqual(
    eventTypes().map(({ name }) => name),
    [...eventNames],
  );
});

test('every sample has the form that its event says, and none has a field that it does not tell of', () => {
  for (const event of eventNames) {
    const payload = sampleOf(event);
    assert.deepEqual(driftOf({ event, payload }), []);
    assert.notDeepEqual(driftOf({ event, payload: { ...payload, unheard_of: 1 } }), [], event);
    const [field = ''] = (schemaOf(event, { open: true }).required as string[] | undefined) ?? [];
    if (field === '') continue;
    assert.notDeepEqual(driftOf({ event, payload: { ...payload, [field]: null } }), [], event);
  }
  assert.deepEqual(driftOf({ event: 'no.such', payload: {} }), ['no event is called no.such']);
});

test('a published schema says nothing against further fields: there may be more tomorrow', () => {
  for (const event of eventNames)
    assert.doesNotMatch(
      JSON.stringify(schemaOf(event, { open: true })),
      /"additionalProperties":false|"\$schema"/,
      event,
    );
});

test('every field and every event is told of in words', () => {
  for (const { name, description, schema } of eventTypes()) {
    assert.ok(description.length > 10, name);
    const properties = schema.properties as Record<string, { description?: string }>;
    for (const [field, { description }] of Object.entries(properties))
      assert.ok(description, `${name} ${field}`);
  }
});

test('the types of messages are those that are read', () => {
  type Told = Exclude<Kind, AboutAnother | 'internal'>;
  // What is missing on either side does not compile.
  const told: readonly Told[] = messageTypes;
  const back = (kind: Told): (typeof messageTypes)[number] => kind;
  assert.deepEqual(told.map(back), [...messageTypes]);
});
