import { RealStorage } from '../fixtures/async-local-storage.ts';
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { assertContract, beliefs, installed } from '../../src/device/contract.ts';
import { SharedAsyncLocalStorage } from '../../src/device/shims.ts';
import { pick, seeded } from '../support/random.ts';

const require = createRequire(import.meta.url);

test('what the rest of the device believes of Baileys holds', () => {
  assertContract();
});

/** How to take away what each belief rests on; gives what puts it back. */
function undo<T extends object, K extends keyof T>(holder: T, name: K, value: T[K]): () => void {
  const before = Object.getOwnPropertyDescriptor(holder, name);
  Object.defineProperty(holder, name, { value, configurable: true, writable: true, enumerable: true });
  return () => void (before && Object.defineProperty(holder, name, before));
}

const ways: Record<string, () => () => void> = {
  '@whiskeysockets/baileys is 7.0.0-rc14': () => undo(installed, 'baileys', '7.0.0-rc15'),
  'whatsapp-rust-bridge is 0.5.4': () => undo(installed, 'bridge', '0.5.5'),
  'the cache of LIDs is a map of its own': () => undo(installed, 'mappings', class {}),
  'AsyncLocalStorage is shared': () => {
    const put = undo(
      require('node:async_hooks') as object,
      'AsyncLocalStorage' as never,
      RealStorage as never,
    );
    syncBuiltinESMExports();
    return () => {
      put();
      syncBuiltinESMExports();
    };
  },
  'what is inflated has a limit': () => {
    const put = undo(require('node:zlib') as object, 'inflate' as never, (() => {}) as never);
    syncBuiltinESMExports();
    return () => {
      put();
      syncBuiltinESMExports();
    };
  },
  'the root key of the server can be replaced': () => {
    const { PUBLIC_KEY } = WA_CERT_DETAILS;
    Object.defineProperty(WA_CERT_DETAILS, 'PUBLIC_KEY', { writable: false });
    return () => Object.defineProperty(WA_CERT_DETAILS, 'PUBLIC_KEY', { writable: true, value: PUBLIC_KEY });
  },
};

for (const [belief, takeAway] of Object.entries(ways))
  test(`a shard does not start when this no longer holds: ${belief}`, () => {
    const putBack = takeAway();
    try {
      assert.throws(assertContract, (error: Error) => error.message.includes(`"${belief}" does not hold`));
    } finally {
      putBack();
    }
    assertContract();
  });

const signatures = 'Curve.verify refuses a wrong signature';
test(`a shard does not start when this no longer holds: ${signatures}`, async () => {
  const { message } = await inThread<string>('lax-curve');
  assert.ok(message.includes(`"${signatures}" does not hold`), message);
});

test('every belief has been seen to fail', () => {
  assert.deepEqual(Object.keys(beliefs).sort(), [...Object.keys(ways), signatures].sort());
});

interface Facts {
  readonly acceptsRight: boolean;
  readonly acceptsRandom: boolean;
  readonly baggage: number;
}

/** The first message of a thread, and what it printed. */
async function inThread<T>(fixture: string, workerData?: unknown): Promise<{ message: T; printed: string }> {
  const url = new URL(`../fixtures/${fixture}.js`, import.meta.url);
  const worker = new Worker(url, { workerData, stdout: true, stderr: true });
  const printed: string[] = [];
  for (const stream of [worker.stdout, worker.stderr]) stream.on('data', part => printed.push(String(part)));
  const message = await new Promise<T>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await worker.terminate();
  return { message, printed: printed.join('') };
}

const factsWith = async (shims: boolean) => {
  const { message, printed } = await inThread<Facts>('facts', { shims });
  return { ...message, printed };
};

test('stock Baileys has the faults that the shims answer: when one is gone, so can its shim', async () => {
  const stockFacts = await factsWith(false);
  assert.equal(stockFacts.acceptsRight, true);
  assert.equal(stockFacts.acceptsRandom, true, 'any signature passes');
  assert.match(stockFacts.printed, /privKey/, 'private keys are printed');
  // Newer Nodes keep the storages in one place; before, every promise carries each of them.
  if (Number(process.versions.node.split('.')[0]) < 24) assert.ok(stockFacts.baggage >= 1_000);
});

test('with the shims a wrong signature is refused and nothing is printed', async () => {
  const { printed, baggage, ...facts } = await factsWith(true);
  assert.deepEqual(facts, { acceptsRight: true, acceptsRandom: false });
  assert.equal(printed, '');
  assert.equal(baggage, 0, 'a thousand sockets cost no more than the first');
});

interface Storage {
  getStore(): unknown;
  run(value: unknown, work: () => unknown): unknown;
  exit(work: () => unknown): unknown;
  enterWith(value: unknown): void;
}

/**
 * A program of nested runs, waits and short exits over three storages; its trace is what they hold at each step. Exits
 * are synchronous: what a real storage holds after an `await` inside one differs between versions of Node.
 */
async function trace(seed: number, make: () => Storage): Promise<string> {
  const random = seeded(seed);
  const storages = [make(), make(), make()];
  const seen: string[] = [];
  const look = () => seen.push(storages.map(storage => String(storage.getStore() ?? '-')).join(''));
  const program = async (depth: number): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      const storage = pick(random, storages);
      const value = Math.floor(random() * 10);
      const inner = async () => {
        look();
        if (random() < 0.5) await Promise.resolve();
        if (random() < 0.2) await new Promise(next => setImmediate(next));
        if (depth < 3) await program(depth + 1);
        look();
      };
      await storage.run(value, inner);
      storage.exit(look);
      look();
    }
  };
  await storages[0]!.run('s', () => program(0));
  return seen.join(' ');
}

test('the shared storage behaves as the real one, whatever is nested in whatever', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const shared = await trace(seed, () => new SharedAsyncLocalStorage() as Storage);
    const real = await trace(seed, () => new RealStorage() as Storage);
    assert.equal(shared, real, `seed ${seed}`);
    assert.ok(shared.length > 100);
  }
});

test('what is entered stays for the rest of the execution, and is not seen outside of it', async () => {
  for (const make of [() => new SharedAsyncLocalStorage() as Storage, () => new RealStorage() as Storage]) {
    const [one, other] = [make(), make()];
    const inside = await (async () => {
      await Promise.resolve();
      one.enterWith(1);
      other.enterWith(2);
      one.enterWith(3);
      await Promise.resolve();
      return [one.getStore(), other.getStore()];
    })();
    assert.deepEqual(inside, [3, 2]);
    assert.deepEqual([one.getStore(), other.getStore()], [undefined, undefined]);
  }
});
