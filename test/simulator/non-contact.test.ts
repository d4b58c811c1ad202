// Tokens for people one has never heard of. Baileys knows nothing of them and its schema has no salt: the tests read the
// salt off the wire, and send the token as a child that a real Baileys client was given.
import assert from 'node:assert/strict';
import { createDecipheriv, createHmac } from 'node:crypto';
import test from 'node:test';
import { inflateSync } from 'node:zlib';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { proto } from '@whiskeysockets/baileys';
import { mutationKeys } from '../../src/simulator/app-state/macs.ts';
import { until } from '../support/until.ts';
import { type Client, paired, simulator, tameClients } from './client.ts';

tameClients();

const pn = (phone: string) => `${phone}@s.whatsapp.net`;

/** Length-delimited fields of this number, wherever they are in the message. */
function fields(message: Uint8Array, number: number): Buffer[] {
  const bytes = Buffer.from(message);
  const found: Buffer[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? assert.fail('cut off');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const type = tag & 7;
    if (type === 0) varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else {
      const length = varint();
      if (tag >>> 3 === number) found.push(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return found;
}

/** In the chunks of history, as they came. */
function saltsInHistory({ received }: Client): Buffer[] {
  return received.flatMap(({ message }) => {
    const notification = message.message?.protocolMessage?.historySyncNotification;
    const inline = notification?.initialHistBootstrapInlinePayload;
    return inline ? fields(inflateSync(inline), 19) : [];
  });
}

async function saltsInAppState(client: Client): Promise<Buffer[]> {
  const answer: BinaryNode = await client.sock.query({
    tag: 'iq',
    attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'w:sync:app:state' },
    content: [
      {
        tag: 'sync',
        attrs: {},
        content: [
          { tag: 'collection', attrs: { name: 'regular_high', version: '0', return_snapshot: 'false' } },
        ],
      },
    ],
  });
  const patches: Uint8Array[] = [];
  const walk = ({ tag, content }: BinaryNode) => {
    if (tag === 'patch') patches.push(content as Uint8Array);
    else if (Array.isArray(content)) for (const one of content) walk(one);
  };
  walk(answer);
  const found: Buffer[] = [];
  for (const patch of patches.map(one => proto.SyncdPatch.decode(one))) {
    for (const { record } of patch.mutations ?? []) {
      const id = Buffer.from(record?.keyId?.id ?? []).toString('base64');
      const { [id]: key } = await client.sock.authState.keys.get('app-state-sync-key', [id]);
      const blob = Buffer.from(record?.value?.blob ?? []).subarray(0, -32);
      const { encryption } = mutationKeys(key?.keyData ?? assert.fail('no key'));
      const cipher = createDecipheriv('aes-256-cbc', encryption, blob.subarray(0, 16));
      const plain = Buffer.concat([cipher.update(blob.subarray(16)), cipher.final()]);
      for (const value of fields(plain, 2))
        for (const action of fields(value, 80)) found.push(...fields(action, 1));
    }
  }
  return found;
}

const tokenFor = (salt: Buffer, lid: string) => createHmac('sha256', salt).update(lid).digest();

async function write(client: Client, phone: string, token: Buffer): Promise<string> {
  const additionalNodes = [{ tag: 'cstoken', attrs: {}, content: token }];
  return client.sock.relayMessage(pn(phone), { conversation: 'we have not met' }, { additionalNodes });
}

test('a companion gets a salt with its history and as app state, and what it makes of that opens a first chat', async t => {
  const server = await simulator(t, { tcTokens: 'enforced' });
  const { phone, lid } = await server.control.createPhone();
  const other = await server.control.createPhone();
  const alice = await paired(t, server, '15550181');
  const salt = await until(() => saltsInHistory(alice)[0], { what: 'a salt' });
  assert.equal(salt.length, 32);
  assert.deepEqual(await saltsInAppState(alice), [salt]);

  for (const wrong of [tokenFor(salt, other.lid), tokenFor(Buffer.alloc(32), lid)]) {
    const id = await write(alice, phone, wrong);
    const ack = await until(() => alice.stanzas.find(one => one.tag === 'ack' && one.attrs.id === id));
    assert.equal(ack.attrs.error, '463');
  }
  const id = await write(alice, phone, tokenFor(salt, lid));
  await until(async () => (await server.control.messages(phone)).some(one => one.id === id));
  assert.equal((await server.control.messages(phone)).length, 1);
});

test('a push name may take the salt away, and may refuse what was made of one', async t => {
  const server = await simulator(t);
  const strict = await server.control.createPhone({ name: 'scenario:restricted,cs_enabled=0:Strict' });
  const open = await server.control.createPhone({ name: 'scenario:restricted,tc_enabled=0:Open' });
  await server.control.createPhone({
    phone: '15550183',
    name: 'scenario:nct_history_delivery=0,nct_syncd_delivery=0,nct_send_ab=0:None',
  });
  const without = await paired(t, server, '15550183');
  const props = async ({ sock }: Client) =>
    JSON.stringify(
      await sock.query({
        tag: 'iq',
        attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'abt' },
        content: [{ tag: 'props', attrs: { protocol: '1' } }],
      }),
    );
  assert.match(await props(without), /"config_code":"24941","config_value":"0"/);
  await until(() =>
    without.received.some(({ message }) => message.message?.protocolMessage?.historySyncNotification),
  );
  assert.deepEqual([saltsInHistory(without), await saltsInAppState(without)], [[], []]);

  const alice = await paired(t, server, '15550184');
  assert.match(await props(alice), /"config_code":"24941","config_value":"1"/);
  const salt = await until(() => saltsInHistory(alice)[0]);
  const refused = await write(alice, strict.phone, tokenFor(salt, strict.lid));
  const ack = await until(() => alice.stanzas.find(one => one.tag === 'ack' && one.attrs.id === refused));
  assert.equal(ack.attrs.error, '463');
  const id = await write(alice, open.phone, tokenFor(salt, open.lid));
  await until(async () => (await server.control.messages(open.phone)).some(one => one.id === id));
});
