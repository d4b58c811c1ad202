// Stanzas that are well-formed and make no sense, from linked devices over real sockets. FUZZ_SEED=<seed> repeats one.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { generateRegistrationNode, initAuthCreds, proto } from '@whiskeysockets/baileys';
import { controlClient, type LinkedDevice } from '../../src/simulator/control/client.ts';
import { type BinaryNode, child, node, SERVER } from '../../src/simulator/wire/stanza.ts';
import { BareClient } from '../support/bare-client.ts';
import { CiphertextChain } from '../support/ciphertexts.ts';
import { linkDevices, textTo } from '../support/fleet.ts';
import { seeds } from '../support/fuzz.ts';
import { mutateBytes, mutateStanza } from '../support/mutate.ts';
import { pick, seeded } from '../support/random.ts';
import { until } from '../support/until.ts';
import { type Server, simulator } from './client.ts';
import { vocabulary } from './vocabulary.ts';

const CASES = 6_000;
const LANES = 6;
/** What a case may leave behind: its message in the ledger, a stanza in somebody's queue. */
const LEFT_PER_CASE = 6 * 1024;

const PING = node('iq', { to: SERVER, type: 'get', xmlns: 'w:p' }, [node('ping', {})]);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** One device that sends nonsense; it comes back whenever it was thrown out, as another when it was unlinked. */
class Lane {
  readonly #server: Server;
  #client: BareClient | undefined;
  #linked: LinkedDevice | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  async client(): Promise<BareClient> {
    this.#client ??= await this.#login();
    return this.#client;
  }

  /** Sends it and resolves when the server has dealt with it: an answered ping, or the last word of the stream. */
  async send(stanza: BinaryNode): Promise<BinaryNode | undefined> {
    const client = await this.client();
    client.send(stanza);
    const ended = await Promise.race([client.query(PING).then(() => 'alive' as const), client.closed]);
    if (ended === 'alive') return undefined;
    this.#client = undefined;
    return ended;
  }

  end(): void {
    this.#client?.end();
  }

  async #login(): Promise<BareClient> {
    const linked = this.#linked ?? (await linkDevices(controlClient(this.#server.controlUrl), 1))[0];
    assert.ok(linked);
    this.#linked = linked;
    const client = new BareClient({ socketUrl: this.#server.socketUrl, linked });
    try {
      await client.open;
      return client;
    } catch {
      this.#linked = undefined; // it was unlinked by what it sent
      return this.#login();
    }
  }
}

/** The server ended the stream because of a fault of its own. */
const isOurs = (last: BinaryNode | undefined) =>
  last?.tag === 'stream:error' && last.attrs.code === '500' && !child(last, 'xml-not-well-formed');

async function bystanders(t: TestContext, server: Server) {
  const linked = await linkDevices(controlClient(server.controlUrl), 2);
  const heard = new Set<string>();
  const [alice, bob] = linked.map(
    one =>
      new BareClient({
        socketUrl: server.socketUrl,
        linked: one,
        onStanza: ({ tag, attrs }) => void (tag === 'receipt' && heard.add(attrs.id ?? '')),
      }),
  );
  assert.ok(alice && bob);
  t.after(() => {
    alice.end();
    bob.end();
  });
  await Promise.all([alice.open, bob.open]);
  const chain = new CiphertextChain();
  return {
    linked,
    /** Alice writes to Bob, and hears that it arrived. */
    async talk(): Promise<void> {
      const id = alice.nextId();
      alice.send(textTo(id, bob.linked.phone, [[bob.linked.jid, chain.next()]]));
      await until(() => heard.has(id), { what: 'a text between those who do nothing wrong' });
    },
  };
}

test(`${CASES} well-formed stanzas without sense: refused or answered, and nobody else notices`, {
  timeout: 500_000,
}, async t => {
  const server = await simulator(t);
  const others = await bystanders(t, server);
  const [victim, contact] = await linkDevices(controlClient(server.controlUrl), 2);
  assert.ok(victim && contact);
  const lanes = Array.from({ length: LANES }, () => new Lane(server));
  t.after(() => {
    for (const lane of lanes) lane.end();
  });
  const all = seeds(CASES);
  const queue = all.values();
  const used = { half: 0 };
  let done = 0;

  const work = async (lane: Lane) => {
    for (const seed of queue) {
      const random = seeded(seed);
      const { linked } = await lane.client();
      const words = vocabulary({
        me: linked.jid,
        myself: `${linked.phone}@s.whatsapp.net`,
        friend: pick(random, [victim.jid, victim.lid, ...others.linked.map(one => one.jid)]),
        person: `${contact.phone}@s.whatsapp.net`,
        personLid: contact.lid.replace(/:\d+/, ''),
        group: '120363000000000001@g.us',
      });
      const stanza = mutateStanza(random, pick(random, words), words);
      const last = await lane.send(stanza);
      const ledger = isOurs(last) ? await server.get<Record<string, unknown>>('/admin/ledger') : undefined;
      if (ledger) assert.fail(`FUZZ_SEED=${seed}: ${ledger.lastProtocolError}\n${shown(stanza)}`);
      const count = ++done;
      if (count === all.length >> 1) used.half = retained();
      if (count % 500 === 0) await others.talk();
    }
  };
  await Promise.all(lanes.map(work));
  await others.talk();
  const growth = retained() - used.half;
  const most = (all.length / 2) * LEFT_PER_CASE + 8 * 1024 * 1024;
  assert.ok(growth < most, `${growth} bytes more after the second half`);
  await assertNoFaultOfOurs(server);
});

async function assertNoFaultOfOurs(server: Server): Promise<void> {
  const ledger = await server.get<{
    phoneErrors: number;
    lastPhoneError?: string;
    protocolErrorReasons: Record<string, number>;
  }>('/admin/ledger');
  assert.equal(ledger.phoneErrors, 0, ledger.lastPhoneError);
  assert.equal(ledger.protocolErrorReasons.internal ?? 0, 0);
}

test('500 clients that are not linked send stanzas of linked ones: no more than their own connection ends', async t => {
  const server = await simulator(t);
  const others = await bystanders(t, server);
  const [linked] = others.linked;
  assert.ok(linked);
  const words = vocabulary({
    me: linked.jid,
    myself: `${linked.phone}@s.whatsapp.net`,
    friend: linked.jid,
    person: `${linked.phone}@s.whatsapp.net`,
    personLid: linked.lid,
    group: '120363000000000001@g.us',
  });
  const one = async (seed: number) => {
    const random = seeded(seed);
    const honest = registration();
    const payload = random() < 0.4 ? mutateBytes(random, honest) : honest;
    let offered = () => {};
    const ready = new Promise<void>(resolve => {
      offered = resolve;
    });
    // The key of somebody who is linked: it must prove nothing when something else is asked for.
    const client = new BareClient({
      socketUrl: server.socketUrl,
      linked,
      payload,
      onStanza: () => offered(),
    });
    t.after(() => client.end());
    await Promise.race([ready, client.closed]);
    const stanza = random() < 0.3 ? pick(random, words) : mutateStanza(random, pick(random, words), words);
    client.send(stanza);
    const ended = await Promise.race([client.query(PING).then(() => undefined), client.closed]);
    client.end();
    if (isOurs(ended))
      assert.fail(`FUZZ_SEED=${seed}: ${Buffer.from(payload).toString('hex')}\n${shown(stanza)}`);
    if (seed % 100 === 0) await others.talk();
  };
  const queue = seeds(500).values();
  const lane = async () => {
    for (const seed of queue) await one(seed);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  await others.talk();
  await assertNoFaultOfOurs(server);
});

/** What a client that wants to be linked says of itself. */
function registration(): Uint8Array {
  const config = {
    version: [2, 3000, 1],
    browser: ['Mac OS', 'Chrome', '14.4.1'],
    countryCode: 'US',
    syncFullHistory: false,
  };
  return proto.ClientPayload.encode(generateRegistrationNode(initAuthCreds(), config as never)).finish();
}

function retained(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function shown(stanza: BinaryNode): string {
  return JSON.stringify(stanza, (_key, value: unknown) =>
    value && typeof value === 'object' && 'type' in value && value.type === 'Buffer' ? 'bytes' : value,
  ).slice(0, 3_000);
}
