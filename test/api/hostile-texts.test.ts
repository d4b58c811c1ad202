// Texts that something could make more of than a text: a URL to fetch, markup, escapes of a terminal, 64 KB.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

const KEPT = 'still-to-be-found';
const hostile = [
  `<script>alert("${KEPT}")</script>`,
  `<img src=x onerror=alert(1)> ${KEPT} {{7*7}} \${7*7} %s %n`,
  `\u001b[31m${KEPT}\u001b[0m\u0007\u001b]0;title\u0007`,
  `${KEPT}\u202egnp.exe\u2066`,
  `line ${KEPT}\r\n{"level":50,"msg":"forged"}`,
  `${KEPT}${'ﷺ👩‍👩‍👧‍👦'.repeat(5_000)}`.slice(0, 65_530),
];

interface Page {
  readonly data: readonly { readonly id: string; readonly content: string }[];
}

test('what is said is said and nothing else', { timeout: 500_000 }, async t => {
  let fetched = 0;
  const server = createServer((_, response) => {
    fetched++;
    response.setHeader('content-type', 'text/html');
    response.end('<meta property="og:title" content="A title"><title>A title</title>');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/page`;

  const world = await startWorld(t, { devices: 1 });
  const { simulator } = world;
  const [{ phone: own, id }] = world.seeded as [(typeof world.seeded)[0]];
  const settings = { ...world.settings, WORKERS: '1', LOG_LEVEL: 'debug', URL_ALLOW: '127.0.0.1' };
  const program = await startProgram(t, settings);
  await program.opened([id]);
  const { phone: friend } = await simulator.createPhone({ name: hostile[0] ?? '' });
  const post = async (path: string, body: object) => {
    const { status, body: answer } = await program.api<{ message_id: string }>('POST', path, {
      phone: friend,
      ...body,
    });
    assert.equal(status, 200, answer.message);
    const message_id = String(answer.results?.message_id);
    return simulator.waitForMessage(friend, one => one.id === message_id);
  };

  await t.test('S30: a URL in a text, a link or a caption is fetched by nobody', async () => {
    const text = await post('/send/message', { message: `look: ${url}` });
    assert.equal(text.text, `look: ${url}`);
    const { extendedTextMessage = {} } = text.message as { extendedTextMessage?: object };
    for (const field of ['title', 'description', 'jpegThumbnail', 'matchedText'])
      assert.ok(!(field in extendedTextMessage), field);
    const link = await post('/send/link', { link: url, caption: 'look', title: 'Ours' });
    const { extendedTextMessage: preview } = link.message as { extendedTextMessage: Record<string, unknown> };
    assert.equal(preview.title, 'Ours');
    await post('/message/3EB0000000000000000000/update', { message: url }).catch(() => {});
    await post('/send/event', { name: url, start_time: Math.floor(Date.now() / 1000) + 3600 });
    assert.equal(fetched, 0);
    // It would have been: the server is there, and may be asked.
    const file = await post('/send/file', { file_url: url });
    assert.equal(file.type, 'document');
    assert.equal(fetched, 1);
  });

  await t.test('S36: a text of markup, escapes or 64 KB comes as it was sent, both ways', async () => {
    for (const message of hostile) assert.equal((await post('/send/message', { message })).text, message);
    for (const [n, text] of hostile.entries()) {
      const { id } = await simulator.send(friend, own, text);
      const heard = await until(async () => {
        const path = `/chat/${friend}/messages?limit=50`;
        const { body } = await program.api<Page>('GET', path);
        return body.results?.data.find(one => one.id === id);
      });
      assert.equal(heard.content, text, String(n));
    }
  });

  await t.test(
    'S36: it is in no page and in no line of the log, and every line is one JSON text',
    async () => {
      for (const path of ['/', `/devices/${id}/qr`, '/docs', '/metrics']) {
        const text = await (await fetch(new URL(path, program.url))).text();
        assert.doesNotMatch(text, new RegExp(KEPT), path);
      }
      const logged = program.lines.filter(line => line.startsWith('{'));
      assert.ok(logged.length > 20, `${logged.length} lines`);
      for (const line of program.lines) {
        assert.doesNotMatch(line, new RegExp(`${KEPT}|forged|\\p{Cc}`, 'u'));
        if (line.startsWith('{')) JSON.parse(line);
      }
      program.kill('SIGTERM');
      await program.ended;
    },
  );
});
