// docs/baileys.md names everything that we rely on of Baileys, and everything on it is held by something.
import '../src/device/shims.ts';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BaileysEventMap } from '@whiskeysockets/baileys';
import { beliefs } from '../src/device/contract.ts';
import { eventNames } from '../src/journal/names.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');
const page = read('docs/baileys.md');

/** The first column of the table below a heading. */
function rows(heading: string): string[] {
  const [, section = ''] = page.split(`## ${heading}\n`);
  const [table = ''] = section.split('\n## ');
  return [...table.matchAll(/^\| (.+?) +\| .+\|$/gm)].slice(1).map(([, name]) => name as string);
}

/** The compiler holds it to what Baileys emits. */
const emitted: Readonly<Record<keyof BaileysEventMap, 1>> = {
  'connection.update': 1,
  'creds.update': 1,
  'messaging-history.set': 1,
  'messaging-history.status': 1,
  'chats.upsert': 1,
  'chats.update': 1,
  'lid-mapping.update': 1,
  'chats.delete': 1,
  'presence.update': 1,
  'contacts.upsert': 1,
  'contacts.update': 1,
  'messages.delete': 1,
  'messages.update': 1,
  'messages.media-update': 1,
  'messages.upsert': 1,
  'messages.reaction': 1,
  'message-receipt.update': 1,
  'groups.upsert': 1,
  'groups.update': 1,
  'group-participants.update': 1,
  'group.join-request': 1,
  'group.member-tag.update': 1,
  'blocklist.set': 1,
  'blocklist.update': 1,
  call: 1,
  'labels.edit': 1,
  'labels.association': 1,
  'newsletter.reaction': 1,
  'newsletter.view': 1,
  'newsletter-participants.update': 1,
  'newsletter-settings.update': 1,
  'message-capping.update': 1,
  'chats.lock': 1,
  'settings.update': 1,
};

test('what becomes of each event of Baileys is on the page, and each of ours is there', () => {
  const named = rows('What becomes of its events').map(name => name.replaceAll('`', ''));
  assert.deepEqual(named.sort(), Object.keys(emitted).sort());
  const [, section = ''] = page.split('## What becomes of its events\n');
  const [text = ''] = section.split('\n## ');
  const ours = new Set([...text.matchAll(/`([a-z_.]+)`/g)].map(([, name]) => name));
  assert.deepEqual(
    eventNames.filter(name => !ours.has(name)),
    [],
  );
});

test('what is checked at every start is on the page, and nothing else', () => {
  const named = rows('Checked at every start').map(name => name.replaceAll('`', ''));
  assert.deepEqual(named.sort(), Object.keys(beliefs).sort());
});

test('what is held on a real socket is on the page, and nothing else', () => {
  const files = readdirSync(`${root}test/device`).filter(name => /^contract-.+\.test\.ts$/.test(name));
  const held = files.flatMap(name =>
    [...read(`test/device/${name}`).matchAll(/^reliance\(\s*'(.+?)',/gm)].map(([, title]) => title),
  );
  assert.ok(held.length > 20);
  assert.deepEqual(rows('Held by tests on a real socket').sort(), held.sort());
});

const device = readdirSync(`${root}src/device`, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => name.replaceAll('\\', '/'));

test('every test and file that the page names is there', () => {
  const tests = [...page.matchAll(/`(test\/[a-z/-]+\.test\.ts)`/g)].map(([, path]) => path as string);
  assert.ok(tests.length > 8);
  for (const path of tests) assert.ok(existsSync(`${root}${path}`), path);
  const names = new Set(device.map(path => path.split('/').at(-1)));
  for (const [, name] of page.matchAll(/`([a-z-]+\.ts)`/g)) assert.ok(names.has(name), name);
});

/** Of each object of Baileys that is reached into, by the name that it has in our code. */
const reached: readonly (readonly [RegExp, string])[] = [
  [/\bsocket(?:\(\))?\??\.([a-zA-Z]+)/g, 'a socket'],
  [/\bws\.([a-zA-Z]+)/g, 'ws'],
  [/\bev\.([a-zA-Z]+)/g, 'ev'],
  [/\bmanager\.([a-zA-Z]+)/g, 'messageRetryManager'],
  [/\bsignalRepository\.([a-zA-Z]+)/g, 'signalRepository'],
  [/\bauthState\.([a-zA-Z]+)/g, 'authState'],
  [/'((?:CB:|TAG:)[^']+|frame|unexpected-response)'/g, 'ws, as an event'],
];

// The commands call Baileys' public methods, whose types the compiler checks and whose answers their tests have.
test('no member of a socket is used in src/device that the page does not name', () => {
  const named = new Set([...page.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  const found = new Set<string>();
  for (const name of device.filter(name => !name.startsWith('commands/'))) {
    // Comments name files, and what Baileys does in them.
    const code = read(`src/device/${name}`)
      .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
      .replace(/^import[\s\S]*?;$/gm, '');
    for (const [pattern, of] of reached)
      for (const [, member] of code.matchAll(pattern)) {
        found.add(member as string);
        assert.ok(named.has(member as string), `${member} of ${of}, in src/device/${name}`);
      }
  }
  for (const member of ['relayMessage', 'isOpen', 'flush', 'baseKeys', 'frame'])
    assert.ok(found.has(member), member);
});
