// What the wire may bring, by chance. FUZZ_SEED=<seed> repeats one case; FUZZ_TIMES=<n> runs n times as many.
import assert from 'node:assert/strict';
import test from 'node:test';
import { deflateSync } from 'node:zlib';
import { decodeDecompressedBinaryNode, proto } from '@whiskeysockets/baileys';
import * as constants from '@whiskeysockets/baileys/lib/WABinary/constants.js';
import { makeTrust } from '../../src/simulator/wire/certificate.ts';
import { generateKeyPair } from '../../src/simulator/wire/crypto.ts';
import { FrameReader, frame } from '../../src/simulator/wire/frames.ts';
import { Handshake } from '../../src/simulator/wire/handshake.ts';
import { decode, encode, ProtocolError } from '../../src/simulator/wire/stanza.ts';
import { fuzz } from '../support/fuzz.ts';
import { mutateBytes } from '../support/mutate.ts';
import { INTRO, NoiseInitiator } from '../support/noise-initiator.ts';
import { between, pick, seeded } from '../support/random.ts';
import { anyStanza } from './random-stanza.ts';

type Random = () => number;

const randomBytes = (random: Random, most: number) =>
  Buffer.from(Array.from({ length: between(random, 0, most) }, () => between(random, 0, 255)));
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex');

/** What `run` gives, undefined when it refused with a ProtocolError; everything else fails the case. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** The same bytes in pieces. */
function cut(random: Random, data: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < data.length; ) {
    const to = random() < 0.5 ? at + between(random, 1, 4) : at + between(random, 1, data.length);
    pieces.push(data.subarray(at, to));
    at = to;
  }
  return pieces;
}

function read(pieces: readonly Buffer[]): Buffer[] {
  const reader = new FrameReader();
  const frames: Buffer[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let next = reader.next(); next; next = reader.next()) frames.push(Buffer.from(next));
  }
  return frames;
}

function anyStream(random: Random): { frames: Buffer[]; stream: Buffer } {
  const frames = Array.from({ length: between(random, 0, 6) }, () =>
    randomBytes(random, pick(random, [0, 3, 50, 600])),
  );
  const routing = randomBytes(random, 30);
  const intro =
    random() < 0.3 ? [Buffer.from([0x45, 0x44, 0, 1, 0, 0, routing.length]), routing, INTRO] : [INTRO];
  return { frames, stream: Buffer.concat([...intro, ...frames.map(frame)]) };
}

test('frames: 15,000 streams cut anywhere give the frames that were put in', async () => {
  const cases = await fuzz(
    15_000,
    anyStream,
    ({ frames, stream }, random) => {
      const got = read(cut(random, stream));
      assert.deepEqual(got.map(hex), frames.map(hex));
    },
    ({ stream }) => hex(stream),
  );
  assert.ok(cases > 0);
});

test('frames: 15,000 damaged streams are refused, or give no more bytes than came', async () => {
  await fuzz(
    15_000,
    random => mutateBytes(random, random() < 0.1 ? randomBytes(random, 100) : anyStream(random).stream),
    (stream, random) => {
      const got = attempt(() => read(cut(random, stream))) ?? [];
      assert.ok(got.reduce((sum, one) => sum + one.length + 3, 0) <= stream.length);
    },
    hex,
  );
});

let encodings: Buffer[] | undefined;

/** Good encodings, always the same. */
function corpus(): readonly Buffer[] {
  encodings ??= Array.from({ length: 1_500 }, (_, seed) => encode(anyStanza(seeded(seed), 3)));
  return encodings;
}

test('nodes: 25,000 frames of random bytes are refused, or are one stanza that survives another round', async () => {
  await fuzz(
    25_000,
    random => Buffer.concat([Buffer.of(pick(random, [0, 0, 0, 2])), randomBytes(random, 60)]),
    judge,
    hex,
  );
});

test('nodes: 45,000 damaged encodings are refused, or are what Baileys reads in them, too', async () => {
  await fuzz(
    45_000,
    random => mutateBytes(random, pick(random, corpus()), pick(random, corpus())),
    judge,
    hex,
  );
});

test('nodes: 3,000 damaged compressed encodings are refused, or are one stanza', async () => {
  await fuzz(
    3_000,
    random => {
      const packed = deflateSync(mutateBytes(random, pick(random, corpus()).subarray(1)));
      return Buffer.concat([Buffer.of(2), random() < 0.5 ? packed : mutateBytes(random, packed)]);
    },
    judge,
    hex,
  );
});

function judge(bytes: Buffer): void {
  const before = Buffer.from(bytes);
  const stanza = attempt(() => decode(bytes));
  assert.ok(bytes.equals(before), 'the decoder wrote into its input');
  if (!stanza) return;
  const again = encode(stanza);
  if (bytes[0] === 0) {
    const theirs = decodeDecompressedBinaryNode(bytes.subarray(1), constants);
    assert.equal(hex(again), hex(encode(theirs)));
  }
  assert.equal(hex(encode(decode(again))), hex(again));
}

const trust = makeTrust();
const client = generateKeyPair();
const payload = proto.ClientPayload.encode({ username: 15_550_000_001, device: 3, passive: true }).finish();

test('handshake: 4,000 damaged or random hellos are refused or answered', async () => {
  await fuzz(
    4_000,
    random => {
      // With a static key and a payload it claims to resume (IK); both are nonsense here.
      const resumed =
        random() < 0.5 ? { static: randomBytes(random, 60), payload: randomBytes(random, 60) } : {};
      const clientHello = { ephemeral: client.public, ...resumed };
      const hello = proto.HandshakeMessage.encode({ clientHello }).finish();
      return random() < 0.3 ? randomBytes(random, 60) : mutateBytes(random, hello);
    },
    hello => void attempt(() => new Handshake(trust, INTRO).hello(hello)),
    hex,
  );
});

test('handshake: 2,000 finishes, damaged or of another handshake, prove nothing', async () => {
  await fuzz(
    2_000,
    random => {
      const server = new Handshake(trust, INTRO);
      const noise = new NoiseInitiator(client, trust.root.public);
      const { finish } = noise.finish(server.hello(noise.hello()).hello, payload);
      const sent = random() < 0.1 ? randomBytes(random, 200) : mutateBytes(random, finish);
      return { server, finish: sent, honest: sent.equals(finish) };
    },
    ({ server, finish }) => {
      const known = attempt(() => server.finish(finish));
      if (!known) return;
      // Damage that protobuf skips changes nothing of what is authenticated.
      assert.equal(hex(known.noiseKey), hex(client.public));
      assert.equal(Number(known.payload.username), 15_550_000_001);
    },
    ({ finish }) => hex(finish),
  );
});

test('handshake: 500 payloads that are honestly sealed and make no sense are refused or read', async () => {
  await fuzz(
    500,
    random => (random() < 0.3 ? randomBytes(random, 100) : mutateBytes(random, payload)),
    sent => {
      const server = new Handshake(trust, INTRO);
      const noise = new NoiseInitiator(client);
      attempt(() => server.finish(noise.finish(server.hello(noise.hello()).hello, sent).finish));
    },
    hex,
  );
});
