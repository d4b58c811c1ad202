import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceStatus } from '../../../src/shard/protocol.ts';
import { Directory, type Entry, viewOf } from '../../../src/supervisor/directory.ts';
import { between, pick, seeded } from '../../support/random.ts';

const unlinked: DeviceStatus = { phase: 'unlinked', since: 1, linked: false };
const linkedAs = (jid: string, lid?: string): DeviceStatus => ({
  phase: 'open',
  since: 1,
  linked: true,
  jid,
  ...(lid && { lid }),
});
const entryOf = (no: number, status: DeviceStatus = unlinked, shard: number | null = null): Entry => ({
  id: `device-${no}`,
  access: { key: new Uint8Array(32) },
  no,
  epoch: 1,
  createdAt: new Date(0),
  held: true,
  shard,
  status,
});
const ann = '15551234567@s.whatsapp.net';

test('a device is found by its id, by its account, by its link, and by both LIDs', () => {
  const directory = new Directory();
  directory.add(entryOf(1, linkedAs('15551234567:3@s.whatsapp.net', '998877:3@lid')));
  directory.add(entryOf(2));
  for (const name of ['device-1', ann, '15551234567:3@s.whatsapp.net', '998877@lid', '998877:3@lid'])
    assert.equal(directory.find(name)?.no, 1, name);
  for (const name of ['', 'device-3', '15551234567', '15551234567:4@s.whatsapp.net', '998877', '__proto__'])
    assert.equal(directory.find(name), undefined, name);
  assert.equal(directory.get(ann), undefined, 'get is by id only');
});

test('the index follows the status: linked, renamed, unlinked, removed', () => {
  const directory = new Directory();
  const entry = entryOf(1);
  directory.add(entry);
  directory.update(entry, linkedAs('15551234567:3@s.whatsapp.net'));
  assert.equal(directory.find(ann)?.no, 1);
  directory.update(entry, linkedAs('15557654321:1@s.whatsapp.net', '5@lid'));
  assert.equal(directory.find(ann), undefined);
  assert.equal(directory.find('15557654321@s.whatsapp.net')?.no, 1);
  directory.update(entry, unlinked);
  assert.equal(directory.find('5@lid'), undefined);
  directory.update(entry, linkedAs('15551234567:4@s.whatsapp.net'));
  directory.remove('device-1');
  directory.remove('device-1');
  assert.equal(directory.find(ann), undefined);
  assert.equal(directory.find('device-1'), undefined);
  assert.equal(directory.size, 0);
});

test('of two links of one account the older device answers for it, whatever happens to either', () => {
  const directory = new Directory();
  const [first, second] = [entryOf(1), entryOf(2)];
  directory.add(second);
  directory.add(first);
  directory.update(second, linkedAs('15551234567:4@s.whatsapp.net'));
  directory.update(first, linkedAs('15551234567:3@s.whatsapp.net'));
  for (const changed of [first, second, first]) {
    directory.update(changed, { ...changed.status, since: 2 });
    assert.equal(directory.find(ann)?.no, 1);
    assert.equal(directory.find('15551234567:4@s.whatsapp.net')?.no, 2, 'each link has its own name');
  }
  directory.update(first, unlinked);
  assert.equal(directory.find(ann)?.no, 2);
  directory.update(first, linkedAs('15551234567:5@s.whatsapp.net'));
  assert.equal(directory.find(ann)?.no, 1);
  directory.remove('device-1');
  assert.equal(directory.find(ann)?.no, 2);
});

test('after any changes it finds what a search through all devices finds', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed);
    const directory = new Directory();
    const all = new Map<number, Entry>();
    for (let i = 0; i < 150; i++) {
      const no = between(random, 1, 12);
      const account = between(random, 1, 5);
      const status = pick(random, [
        unlinked,
        linkedAs(`1555${account}:${no}@s.whatsapp.net`, `77${account}:${no}@lid`),
      ]);
      const entry = all.get(no);
      if (!entry) {
        const made = entryOf(no, status);
        all.set(no, made);
        directory.add(made);
      } else if (random() < 0.2) {
        all.delete(no);
        directory.remove(entry.id);
      } else directory.update(entry, status);

      const name = pick(random, [
        `1555${account}@s.whatsapp.net`,
        `77${account}@lid`,
        `77${account}:${no}@lid`,
      ]);
      const bare = (jid?: string) => jid?.replace(/:\d+/, '');
      const fits = [...all.values()].filter(({ status: { jid, lid } }) =>
        [jid, lid, bare(jid), bare(lid)].includes(name),
      );
      const oldest = fits.sort((a, b) => a.no - b.no)[0];
      assert.equal(directory.find(name), oldest, `seed ${seed}, step ${i}: ${name}`);
    }
    assert.deepEqual(new Set(directory.entries()), new Set(all.values()));
  }
});

test('only devices with a shard are placed, and a view shows the device and its status', () => {
  const directory = new Directory();
  directory.add(entryOf(1, unlinked, 0));
  directory.add(entryOf(2));
  assert.deepEqual(directory.placed(), new Map([['device-1', 0]]));
  const view = viewOf(entryOf(3, linkedAs('1@s.whatsapp.net'), 2));
  assert.deepEqual(view, {
    id: 'device-3',
    no: 3,
    shard: 2,
    createdAt: new Date(0),
    phase: 'open',
    since: 1,
    linked: true,
    jid: '1@s.whatsapp.net',
  });
});
