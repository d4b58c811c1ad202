import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ArchiveBroken } from '../../../src/lib/archive.ts';
import { byteaText } from '../../../src/store/arrays.ts';
import {
  type ArchiveContent,
  decodeContent,
  encodeContent,
} from '../../../src/supervisor/archive-content.ts';

const jid = '5511999990000:3@s.whatsapp.net';

function contentOf(keys: number): ArchiveContent {
  const at = new Date(1_700_000_000_000);
  return {
    world: 'wss://web.whatsapp.com/ws/chat',
    exportedAt: at,
    device: { id: 'sales', jid, lid: null, name: 'Bíá "the\\ best"' },
    state: {
      credentials: Buffer.from(JSON.stringify({ me: { id: jid } })),
      keys: Array.from({ length: keys }, (_, n) => ({
        kind: 'session',
        id: `55119${n}.0`,
        value: randomBytes(1_000),
      })),
      inbox: [{ hash: randomBytes(32), stanza: randomBytes(10), plaintext: null }],
      received: [randomBytes(32), randomBytes(32)],
      outgoing: [
        {
          ...{
            id: '3EB0',
            chat: '5511@s.whatsapp.net',
            message: randomBytes(100),
            state: 2,
            reason: 'a]},{"',
          },
          ...{ tries: 1, createdAt: at, stateAt: at },
        },
      ],
    },
  };
}

/** How often others had a turn until the work was done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let over = false;
  const turn = () => {
    if (over) return;
    turns++;
    setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  over = true;
  return turns;
}

test('what is in an archive is read back as it was, and is JSON', async () => {
  for (const keys of [0, 1, 1_000]) {
    const content = contentOf(keys);
    const text = await encodeContent(content);
    assert.equal(JSON.parse(text.toString()).keys.length, keys);
    assert.deepEqual(await decodeContent(text), content);
    const spaced = Buffer.from(JSON.stringify(JSON.parse(text.toString()), null, 2));
    assert.deepEqual(await decodeContent(spaced), content);
  }
});

test('what is no device is refused', async () => {
  const text = (await encodeContent(contentOf(1))).toString();
  const wrong = [
    '',
    '[]',
    'null',
    text.slice(0, -1),
    `${text}x`,
    text.replace('"keys":[[', '"keys":[{'),
    text.replace('"keys":[[', '"keys":[7,['),
    text.replace('"session"', '"nothing"'),
    text.replace('"format":1', '"format":0'),
    text.replace('"received":[', '"received":['.padEnd(20, 'x')),
  ];
  for (const one of wrong)
    await assert.rejects(decodeContent(Buffer.from(one)), ArchiveBroken, one.slice(0, 40));
  await assert.rejects(decodeContent(Buffer.from(text.replace('"format":1', '"format":2'))), {
    trouble: 'newer',
  });
});

test('others have their turns while a large one is written, read and made an array for the database', async () => {
  const content = contentOf(20_000);
  let text: Buffer = Buffer.alloc(0);
  const turns = {
    written: await turnsDuring(async () => {
      text = await encodeContent(content);
    }),
    read: await turnsDuring(() => decodeContent(text)),
    stored: await turnsDuring(() => byteaText(content.state.keys, ({ value }) => value)),
  };
  for (const [what, count] of Object.entries(turns)) assert.ok(count > 2, `${what}: ${count} turns`);
});
