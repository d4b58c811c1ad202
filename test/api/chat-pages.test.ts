// Long chats and odd questions: what is found is all of it, page by page, and nothing that is asked for is an error of ours.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import pino from 'pino';
import { gramsOf } from '../../src/lib/blind-index.ts';
import { Seal } from '../../src/lib/seal.ts';
import { Library } from '../../src/store/chats/library.ts';
import type { MessageRow } from '../../src/store/chats/rows.ts';
import { ChatWriter } from '../../src/store/chats/writer.ts';
import { createDevice } from '../../src/store/devices.ts';
import { places } from '../../src/store/places.ts';
import { createApi } from '../support/api.ts';
import { testDatabase } from '../support/database.ts';

const PN = '15550001@s.whatsapp.net';
const START = 1_700_000_000_000;
/** More than one search opens. */
const MANY = 2_300;

interface Page {
  readonly data: readonly { readonly id: string; readonly content: string }[];
  readonly pagination: { readonly next?: string; readonly previous?: string; readonly total?: number };
}

test('a long chat is read and searched to its end, whatever is asked for', async t => {
  const { sql } = await testDatabase(t);
  const owner = randomUUID();
  const { no, epoch } = await createDevice(sql, 'sales', owner);
  const seal = new Seal(new Uint8Array(32).fill(3));
  const row = (n: number): MessageRow => {
    const id = `M${n}`;
    const text = n === 7 ? 'the needle 🪡' : `straw ${n}`;
    return {
      ...{
        chat: { jid: PN },
        id,
        sender: '',
        fromMe: false,
        kind: 'text',
        status: 0,
        starred: false,
        live: false,
      },
      // Ten of them in each second.
      at: new Date(START + Math.floor(n / 10) * 1000),
      content: {
        said: seal.seal(places.said(no, id), Buffer.from(JSON.stringify({ text }))),
        message: seal.seal(places.message(no, id), Buffer.alloc(0)),
        grams: gramsOf(seal, text),
      },
    };
  };
  const nothing = {
    pairs: [],
    changes: [],
    reactions: [],
    answers: [],
    patches: [],
    contacts: [],
    ends: [],
    keep: true,
  };
  // A history has the newest first.
  const messages = Array.from({ length: MANY }, (_, n) => row(n)).toReversed();
  await new ChatWriter({ sql, owner }).write([{ deviceNo: no, epoch, rows: { ...nothing, messages } }]);
  const log = pino({ level: 'silent' });
  const { devices, get } = createApi({ chats: new Library({ sql, seals: { sealOf: () => seal }, log }) });
  const device = await devices.create('sales');
  assert.equal(device.no, no);
  const ask = async (path: string, query: Record<string, string | number>) => {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) search.set(name, String(value));
    return get(`${path}?${search}`, { 'x-device-id': 'sales' });
  };
  const page = async (path: string, query: Record<string, string | number>): Promise<Page> => {
    const { status, message, results } = await ask(path, query);
    assert.equal(status, 200, String(message));
    return results as unknown as Page;
  };
  const all = async (path: string, query: Record<string, string | number>) => {
    const found: string[] = [];
    let before: string | undefined;
    do {
      const { data, pagination } = await page(path, { ...query, ...(before && { before }) });
      found.push(...data.map(({ id }) => id));
      before = pagination.next;
    } while (before);
    return found;
  };
  const chat = `/chat/${PN}/messages`;
  const everything = messages.map(({ id }) => id);

  await t.test('all pages are the chat, the newest first, and so are they from the other end', async () => {
    assert.deepEqual(await all(chat, { limit: 100 }), everything);
    const last = await page(chat, { limit: 100, offset: MANY - 100 });
    assert.equal(last.pagination.next, undefined);
    const up: string[] = [];
    for (let after = last.pagination.previous; after; ) {
      const { data, pagination } = await page(chat, { limit: 100, after });
      up.unshift(...data.map(({ id }) => id));
      after = data.length > 0 ? pagination.previous : undefined;
    }
    assert.deepEqual([...up, ...last.data.map(({ id }) => id)], everything);
  });

  await t.test('what is older than one search looks through is found on the next pages', async () => {
    for (const search of ['needle', 'NEEDLE 🪡', '🪡', 'dl'])
      for (const [path, query] of [
        [chat, { search }],
        ['/chats/search', { q: search }],
      ] as const)
        assert.deepEqual(await all(path, query), ['M7'], `${search} in ${path}`);
    const straws = await all(chat, { search: 'straw', limit: 100 });
    assert.deepEqual(
      straws,
      everything.filter(id => id !== 'M7'),
    );
  });

  await t.test('nothing that can be asked for is an error of ours', async () => {
    const odd = [
      ' ',
      '\u0301',
      '\u200b',
      '\ud800',
      '"',
      "'",
      '\\',
      '%',
      '*',
      '\u0000x',
      'a\nb',
      'x'.repeat(1_024),
    ];
    for (const word of odd)
      for (const [path, query] of [
        [chat, { search: word }],
        ['/chats/search', { q: word }],
        ['/chats', { search: word }],
      ] as const) {
        const { status } = await ask(path, query);
        assert.ok(status === 200 || status === 400, `${JSON.stringify(word)} in ${path}: ${status}`);
      }
    for (const [query, field] of [
      [{ q: 'x'.repeat(1_025) }, 'q'],
      [{ q: '' }, 'q'],
      [{ q: 'x', before: 'bm8' }, 'before'],
      [{ q: 'x', after: 'MSAx' }, 'after'],
      [{ q: 'x', before: Buffer.from('99999999999999 1').toString('base64url') }, undefined],
    ] as const) {
      const { status, results } = await ask('/chats/search', query);
      if (field) assert.deepEqual([status, results], [400, { field }], JSON.stringify(query));
      else assert.equal(status, 200, JSON.stringify(query));
    }
  });
});
