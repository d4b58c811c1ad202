// The example of docs/simulator-in-tests.md: a file of somebody's own tests. package.test.ts runs it.
import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import makeWASocket, {
  DisconnectReason,
  useMultiFileAuthState,
  WA_CERT_DETAILS,
} from '@whiskeysockets/baileys';
import { clientOptions, controlClient, startSimulator } from 'cardume/simulator';

test('the bot answers what a person writes to it', async t => {
  const simulator = await startSimulator();
  t.after(() => simulator.stop());
  // The one thing that is Baileys' own: whose signature it takes for WhatsApp's.
  Object.assign(WA_CERT_DETAILS, { PUBLIC_KEY: Buffer.from(simulator.rootKey, 'hex') });
  const phones = controlClient(simulator.controlUrl);

  const { state, saveCreds } = await useMultiFileAuthState(await mkdtemp(join(tmpdir(), 'bot-')));
  const startBot = (ready: () => void) => {
    const bot = makeWASocket({ ...clientOptions(simulator), auth: state });
    bot.ev.on('creds.update', saveCreds);
    bot.ev.on('connection.update', ({ qr, connection, lastDisconnect }) => {
      const { statusCode } = (lastDisconnect?.error as { output?: { statusCode: number } })?.output ?? {};
      if (qr) phones.scan(qr, '15550001');
      if (connection === 'open') ready();
      if (statusCode === DisconnectReason.restartRequired) startBot(ready);
    });
    bot.ev.on('messages.upsert', async ({ messages }) => {
      for (const { key, message } of messages)
        if (!key.fromMe) await bot.sendMessage(key.remoteJid!, { text: `you said ${message?.conversation}` });
    });
  };
  await new Promise<void>(startBot);

  await phones.createPhone({ phone: '15550009', name: 'Carla' });
  await phones.send('15550009', '15550001', 'ping');
  const answer = await phones.waitForMessage('15550009', message => !message.fromMe);
  assert.equal(answer.text, 'you said ping');
});
