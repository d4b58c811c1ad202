// The page at the control URL and the API's reference, in a real browser, with real clients behind them.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Page } from 'puppeteer-core';
import { noBrowser, openPage } from '../support/browser.ts';
import { until } from '../support/until.ts';
import { client, linkedClients, simulator, tameClients } from './client.ts';

tameClients();

const skip = noBrowser;

// What runs in the browser sees its globals; nothing else here may.
interface Shown {
  readonly innerText: string;
  value: string;
  click(): void;
  checkVisibility(): boolean;
}
declare const document: {
  querySelectorAll(selector: string): Iterable<Shown>;
  readonly documentElement: { readonly scrollWidth: number };
};
declare const window: { readonly innerWidth: number };

/** What is shown: the visible text of the element, or of all that match. */
const text = (page: Page, selector: string) =>
  page.$$eval(selector, elements => elements.map(one => (one as Shown).innerText).join('\n'));

/** Presses the first visible button or link in `within` that shows this text. */
async function press(page: Page, within: string, label: string): Promise<void> {
  await until(
    () =>
      page.evaluate(
        (where, wanted) => {
          const all = [...document.querySelectorAll(`${where} button, ${where} a`)];
          const found = all.find(one => one.innerText.includes(wanted) && one.checkVisibility());
          found?.click();
          return found !== undefined;
        },
        within,
        label,
      ),
    { what: `${label} in ${within}`, within: 60_000 },
  );
}

const shows = (page: Page, selector: string, wanted: string | RegExp) =>
  until(
    async () => {
      const shown = await text(page, selector);
      return typeof wanted === 'string' ? shown.includes(wanted) : wanted.test(shown);
    },
    { what: `${wanted} in ${selector}`, within: 60_000 },
  );

async function opened(t: TestContext, size?: { width: number; height: number }) {
  const server = await simulator(t);
  const { page, errors } = await openPage(t, server.controlUrl, size);
  // A browser notes every refusal, and the end of the event stream when the simulator stops first: neither is a fault.
  const own = () => errors.filter(error => !error.startsWith('Failed to load resource'));
  t.after(() => assert.deepEqual(own(), [], 'the page logged errors'));
  await shows(page, '#live', 'live');
  return { server, page };
}

test('a person adds a phone, scans a waiting client, chats both ways, and sees typing and ticks', {
  skip,
}, async t => {
  const { server, page } = await opened(t);
  await press(page, '.bar', 'Add a phone');
  await page.type('#add [name=phone]', '15550001');
  await page.type('#add [name=name]', 'Ana');
  await press(page, '#add', 'Add');
  await shows(page, '#people-list', 'Ana');

  const waiting = client(t, server.socketUrl);
  waiting.connect();
  await press(page, '#waiting', 'Scan');
  await page.type('#scan [name=qr]', await until(() => waiting.qrs[0], { within: 60_000 }));
  await page.type('#scan [name=phone]', '15550001');
  await press(page, '#scan', 'Scan');
  await until(() => waiting.opens === 1, { within: 60_000, what: 'the client is linked' });
  await shows(page, '#people-list', ':1');
  await page.waitForSelector('#people-list .device.on', { timeout: 180_000 });

  // Another phone writes to it, and hears back from the linked client.
  await server.control.createPhone({ phone: '15550002', name: 'Bruno' });
  await press(page, '#people-list', 'Bruno');
  await page.type('#new-chat [name=to]', '15550001');
  await press(page, '#new-chat', 'Open');
  await shows(page, '#chat-title', 'Ana');
  await page.type('#text', '<b>hello</b> & good morning');
  await page.keyboard.press('Enter');
  await until(
    () => waiting.received.some(one => one.message.message?.conversation === '<b>hello</b> & good morning'),
    {
      within: 60_000,
    },
  );
  await shows(page, '#messages', '<b>hello</b> & good morning');
  await page.waitForSelector('#messages .mine .ticks.delivered', { timeout: 180_000 });
  const from = '15550002@s.whatsapp.net';
  const id = waiting.received.at(-1)?.message.key.id ?? '';
  await waiting.sock.readMessages([{ remoteJid: from, id, fromMe: false }]);
  await page.waitForSelector('#messages .mine .ticks.read', { timeout: 180_000 });
  await waiting.sock.sendPresenceUpdate('composing', from);
  await shows(page, '#chat-state', 'typing');
  await waiting.sock.sendMessage(from, { text: 'good morning, Bruno' });
  await shows(page, '#messages', 'good morning, Bruno');
  await press(page, '#conversation', 'Mark as read');
  await until(async () => (await server.control.messages('15550002')).at(-1)?.seen, { within: 60_000 });
});

test('a person enters a pairing code that a client shows', { skip }, async t => {
  const { server, page } = await opened(t);
  const waiting = client(t, server.socketUrl);
  waiting.connect();
  await until(() => waiting.qrs[0], { within: 60_000 });
  const code = await waiting.sock.requestPairingCode('15550003');
  await press(page, '#waiting', 'Enter code');
  await page.type('#code [name=code]', 'WRONGONE');
  await press(page, '#code', 'Enter code');
  await shows(page, '#link .trouble', 'wrong pairing code');
  await page.$eval('#code [name=code]', input => {
    (input as Shown).value = '';
  });
  await page.type('#code [name=code]', code);
  await press(page, '#code', 'Enter code');
  await until(() => waiting.opens === 1, { within: 60_000, what: 'the client is linked' });
  await shows(page, '#people-list', '+15550003');
});

test('a person answers and reacts to a message, and sees edits and deletions where they belong', {
  skip,
}, async t => {
  const { server, page } = await opened(t);
  const { control } = server;
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await control.createPhone({ phone: '15550002', name: 'Bruno' });
  const jid = '15550002@s.whatsapp.net';
  const sent = await alice.sock.sendMessage(jid, { text: 'shall we?' });
  const gone = await alice.sock.sendMessage(jid, { text: 'a secret' });
  await press(page, '#people-list', 'Bruno');
  await press(page, '#chats-list', alice.phone);
  await shows(page, '#messages', 'a secret');
  await page.hover('#messages .bubble');
  await press(page, '#messages .actions', 'Reply');
  await page.type('#text', 'yes');
  await shows(page, '#quoted', 'shall we?');
  await page.keyboard.press('Enter');
  const answer = await until(() =>
    alice.received.find(one => one.message.message?.extendedTextMessage?.text === 'yes'),
  );
  assert.equal(answer.message.message?.extendedTextMessage?.contextInfo?.stanzaId, sent?.key.id);
  await page.hover('#messages .bubble');
  await page.click('#messages .bubble .actions [aria-label="React with 👍"]');
  await until(() =>
    alice.received.some(one => one.message.message?.reactionMessage?.key?.id === sent?.key.id),
  );
  await shows(page, '#messages .reactions', '👍');
  await alice.sock.sendMessage(jid, { text: 'shall we sing?', edit: sent?.key ?? assert.fail() });
  await shows(page, '#messages', /shall we sing\?[\s\S]*edited/);
  await alice.sock.sendMessage(jid, { delete: gone?.key ?? assert.fail() });
  await shows(page, '#messages', 'This message was deleted');
  assert.doesNotMatch(await text(page, '#messages'), /a secret/);
});

test('a person arms a fault, ends a connection, and sees both', { skip }, async t => {
  const { server, page } = await opened(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await press(page, '[role=tablist]', 'Faults');
  await page.waitForSelector('#fault-name option[value="ack.error"]', { timeout: 180_000 });
  await page.select('#fault-name', 'ack.error');
  await page.type('[name="param code"]', '463');
  await press(page, '#arm', 'Arm');
  await shows(page, '#armed', 'ack.error');
  const refused = await alice.sock.sendMessage(`${alice.phone}@s.whatsapp.net`, { text: 'refused' });
  await until(() => alice.statuses.get(refused?.key.id ?? '') === 0, {
    within: 60_000,
    what: 'refused by the fault',
  });
  await press(page, '#armed', 'Disarm');
  await shows(page, '#armed-none', 'None');

  await press(page, '#people-list', alice.phone);
  await press(page, '[role=tablist]', 'Phone');
  await page.waitForSelector('.card select option[value="unavailable"]', { timeout: 180_000 });
  await page.select('.card select', 'unavailable');
  await press(page, '.card', 'End');
  await until(() => alice.closes.includes(503), { within: 60_000 });
  await shows(page, '.card', /away[\s\S]*unavailable/);
  await press(page, '[role=tablist]', 'Traffic');
  await shows(page, '.traffic', `+${alice.phone}:1 is gone: unavailable`);
});

test('on a narrow window there is one column at a time, and a way back', { skip }, async t => {
  const { server, page } = await opened(t, { width: 390, height: 800 });
  await server.control.createPhone({ phone: '15550001', name: 'Ana' });
  await server.control.createPhone({ phone: '15550002', name: 'Bruno' });
  await server.control.send('15550002', '15550001', 'hello');
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  assert.equal(await wide(), false);
  await press(page, '#people-list', 'Ana');
  await press(page, '#chats-list', 'Bruno');
  await shows(page, '#messages', 'hello');
  assert.equal(await page.$eval('#people', one => one.checkVisibility()), false);
  assert.equal(await wide(), false);
  await page.click('#conversation .back');
  await page.click('#chats .back');
  assert.equal(await page.$eval('#people', one => one.checkVisibility()), true);
});

test('every field and button of the page has a name for those who do not see it', { skip }, async t => {
  const { server, page } = await opened(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await press(page, '#people-list', alice.phone);
  await page.waitForSelector('.card', { timeout: 180_000 });
  const snapshot = await page.accessibility.snapshot({ interestingOnly: false });
  const nameless: string[] = [];
  const walk = (node: NonNullable<typeof snapshot>) => {
    if (
      ['button', 'textbox', 'searchbox', 'combobox', 'checkbox', 'tab', 'link', 'spinbutton'].includes(
        node.role,
      ) &&
      !node.name
    )
      nameless.push(`${node.role} ${JSON.stringify(node.value ?? '')}`);
    for (const child of node.children ?? []) walk(child);
  };
  assert.ok(snapshot);
  walk(snapshot);
  assert.deepEqual(nameless, []);
});

test('the reference shows every operation of the document, and tries one out', { skip }, async t => {
  const server = await simulator(t);
  const { page, errors } = await openPage(t, `${server.controlUrl}/docs`);
  await page.waitForSelector('#createPhone', { timeout: 180_000 });
  const shown = await page.$$eval('.operation', all => all.map(one => one.id));
  const { paths } = (await (await fetch(`${server.controlUrl}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  const documented = Object.values(paths).flatMap(methods =>
    Object.values(methods).map(one => one.operationId),
  );
  assert.deepEqual(shown.sort(), documented.sort());
  await page.click('#createPhone summary');
  await page.type('#createPhone textarea', '{"phone":"15550042"}');
  await press(page, '#createPhone', 'Send');
  await shows(page, '#createPhone [role=status]', '15550042');
  assert.deepEqual(errors, []);
});

test('pages may run and load nothing but their own files', async t => {
  const { controlUrl } = await simulator(t);
  for (const path of ['/', '/docs', '/page/main.js', '/page/style.css']) {
    const response = await fetch(controlUrl + path);
    assert.equal(response.status, 200, path);
    assert.match(
      response.headers.get('content-security-policy') ?? '',
      /default-src 'none'; script-src 'self'/,
    );
    assert.doesNotMatch(await response.text(), /https?:\/\/(?!www\.w3\.org)|innerHTML|style=/, path);
  }
  for (const path of ['/page/nothing.js', '/page/..%2fpage.js', '/page/index.html'])
    assert.equal((await fetch(controlUrl + path)).status, 404, path);
});
