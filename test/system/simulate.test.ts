import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { controlClient } from '../../src/simulator/control/client.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import { testDatabase } from '../support/database.ts';
import { fileOf, postForm } from '../support/forms.ts';
import { type Program, startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

// Removed at the end of the file, when the embedded server that is in it has ended.
const folder = mkdtempSync(join(tmpdir(), 'cardume-simulate-'));
chmodSync(folder, 0o711); // as root the embedded server runs under another account
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }));

const stateFile = join(folder, 'simulation', 'simulator.json');

test('--simulate brings a database, phones and a page, and has its devices back after kill -9', async t => {
  const settings = { DATA_DIR: folder, PORT: '0', WORKERS: '1' };
  const first = await startProgram(t, settings, ['--simulate']);
  const phones = await controlOf(first);
  const page = await fetch(first.url);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  const { phone } = await phones.scan(await qrOf(first, 'ana'));
  await first.opened(['ana']);
  const contact = await phones.createPhone();
  assert.equal((await first.sendText('ana', contact.phone, 'before')).status, 200);
  await filesComeAndGo(first, phones, contact.phone, phone);
  await saved(contact.phone);

  first.kill('SIGKILL');
  await first.ended;
  const second = await startProgram(t, settings, ['--simulate']);
  await second.opened(['ana']);
  const again = await controlOf(second);
  assert.equal((await again.ledger()).pairings, 0);
  const [device] = await again.devices();
  assert.equal(device?.phone, phone);
  assert.equal((await second.sendText('ana', contact.phone, 'after')).status, 200);
  await until(async () => (await again.messages(contact.phone)).some(({ text }) => text === 'after'));
  second.kill('SIGTERM');
  assert.equal(await second.ended, 0);
});

test('--simulate with a database of yours keeps its world too, to the last message before a stop', async t => {
  const { address } = await testDatabase(t);
  const dir = join(folder, 'with-database');
  const settings = { DATA_DIR: dir, DB_URI: address.url, PORT: '0', WORKERS: '1' };
  const program = await startProgram(t, settings, ['--simulate']);
  const phones = await controlOf(program);
  await phones.scan(await qrOf(program, 'ana'));
  await program.opened(['ana']);
  const { phone } = await phones.createPhone();
  assert.equal((await program.sendText('ana', phone, 'last words')).status, 200);
  program.kill('SIGTERM');
  assert.equal(await program.ended, 0);

  const world = await startSimulator({ stateFile: join(dir, 'simulation', 'simulator.json') });
  t.after(() => world.stop());
  const again = controlClient(world.controlUrl);
  assert.deepEqual(
    (await again.messages(phone)).map(({ text }) => text),
    ['last words'],
  );
  assert.equal((await again.devices()).length, 1);
});

/** Over TLS, with the simulator's own authority; one is fetched from this machine, which is allowed here. */
async function filesComeAndGo(
  program: Program,
  phones: ReturnType<typeof controlClient>,
  contact: string,
  own: string,
): Promise<void> {
  const bytes = Buffer.from('%PDF-1.7 not much of a document');
  const sent = await postForm(program.url, '/send/file', { phone: contact, file: fileOf(bytes, 'a.pdf') });
  assert.equal(sent.status, 200, sent.message);
  await phones.waitForMessage(contact, ({ id }) => id === sent.results?.message_id);
  assert.ok(bytes.equals(await phones.fetchMedia(contact, String(sent.results?.message_id))));
  const fetched = { phone: contact, file_url: `${program.url}/health` };
  assert.equal((await program.api('POST', '/send/file', fetched)).status, 200);

  const { id } = await phones.sendMedia(contact, { to: own, kind: 'document' }, bytes);
  const got = await until(async () => {
    const path = `/message/${id}/download?phone=${contact}`;
    const { body } = await program.api<{ file_url: string }>('GET', path);
    return body.results?.file_url;
  });
  assert.ok(bytes.equals(Buffer.from(await (await fetch(got)).arrayBuffer())));
}

/** The control plane that it has printed the address of. */
async function controlOf({ lines }: Program) {
  const url = await until(() =>
    lines.map(line => /^Simulated WhatsApp: phones at (http\S+)$/.exec(line)?.[1]).find(Boolean),
  );
  return controlClient(url);
}

async function qrOf(program: Program, device_id: string): Promise<string> {
  const { body } = await program.api<{ qr: string }>('POST', '/device/login', { device_id });
  return body.results?.qr ?? '';
}

/** Resolves when the simulator's file knows something. */
async function saved(what: string): Promise<void> {
  await until(() => existsSync(stateFile) && readFileSync(stateFile, 'utf8').includes(what));
}
