// Linking with the eight characters that the client shows and the person types into the phone (protocol.md 4.4).
import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type Account, accountJid, type Device } from '../accounts/accounts.ts';
import { ensureAccount } from '../accounts/phones.ts';
import { notification } from '../delivery/notify.ts';
import { Refused } from '../refused.ts';
import { agree, generateKeyPair, hkdf, type KeyPair, open } from '../wire/crypto.ts';
import { type BinaryNode, bytes, child, node, SERVER } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { link } from './pairing.ts';
import type { CompanionHello } from './pairing-desk.ts';

const derive = promisify(pbkdf2);
/** 2 << 16, as Baileys and whatsmeow have it. */
const ITERATIONS = 131_072;
const HELLO_WITHIN_MS = 5_000;
const FINISH_WITHIN_MS = 10_000;
const EMPTY = Buffer.alloc(0);

/**
 * The person types `code` into the phone of that number, which is made when it does not exist. Resolves when the
 * device is linked. Throws {@link Refused}: 408 when no client asked for a code within 5 s, 400 for a wrong code.
 */
export async function enterCode(world: World, phone: string, code: string): Promise<Device> {
  const typedCode = code.replace(/[\s-]/g, '').toUpperCase();
  if (!/^[0-9A-Z]{8}$/.test(typedCode)) throw new Refused(400, 'a pairing code is 8 letters or digits');
  const account = ensureAccount(world, phone);
  const hello = await world.desk.helloWithin(account.phone, HELLO_WITHIN_MS, world.stopped);
  if (!hello) throw new Refused(408, `no client asked to be linked with ${account.phone}`);
  const companionEphemeral = await unwrap(hello.wrappedEphemeral, typedCode);
  const ephemeral = generateKeyPair();
  const finish = await askToFinish(world, hello, account, await wrap(ephemeral.public, typedCode));
  return link(
    world,
    hello.connection,
    account,
    advSecret(finish, account, ephemeral, companionEphemeral, hello),
  );
}

async function unwrap(wrapped: Buffer, code: string): Promise<Buffer> {
  const key = await derive(code, wrapped.subarray(0, 32), ITERATIONS, 32, 'sha256');
  const decipher = createDecipheriv('aes-256-ctr', key, wrapped.subarray(32, 48));
  return Buffer.concat([decipher.update(wrapped.subarray(48)), decipher.final()]);
}

async function wrap(key: Uint8Array, code: string): Promise<Buffer> {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', await derive(code, salt, ITERATIONS, 32, 'sha256'), iv);
  return Buffer.concat([salt, iv, cipher.update(key), cipher.final()]);
}

/** Pushes the phone's half and resolves with the client's. */
function askToFinish(
  world: World,
  hello: CompanionHello,
  account: Account,
  wrapped: Buffer,
): Promise<BinaryNode> {
  const { connection } = hello;
  const primaryHello = node('link_code_companion_reg', { jid: accountJid(account), stage: 'primary_hello' }, [
    node('link_code_pairing_wrapped_primary_ephemeral_pub', {}, wrapped),
    node('primary_identity_pub', {}, account.identity.public),
    node('link_code_pairing_ref', {}, Buffer.from(hello.ref)),
  ]);
  return new Promise((resolve, reject) => {
    const settle = (run: () => void) => {
      clearTimeout(timer);
      connection.offEnd(gone);
      connection.codeFinish = undefined;
      run();
    };
    const gone = () =>
      settle(() => reject(new Refused(409, 'the client went away while it was being linked')));
    const timer = setTimeout(
      () => settle(() => reject(new Refused(408, 'the client did not finish'))),
      FINISH_WITHIN_MS,
    );
    connection.onEnd(gone);
    connection.codeFinish = finish => settle(() => resolve(finish));
    connection.send(notification(world, { from: SERVER, type: 'link_code_companion_reg' }, [primaryHello]));
  });
}

/** What both sides agreed on. A wrong code shows here: the bundle does not open. */
function advSecret(
  finish: BinaryNode,
  account: Account,
  ephemeral: KeyPair,
  companionEphemeral: Buffer,
  hello: CompanionHello,
): Buffer {
  const bundle = bytes(child(finish, 'link_code_pairing_wrapped_key_bundle'));
  const identity = bytes(child(finish, 'companion_identity_public'));
  const registered = hello.connection.registration?.keys.identity;
  if (!bundle || bundle.length < 44 || !identity || !registered || !identity.equals(registered)) {
    throw new Refused(409, 'the client answered with other keys than its own');
  }
  const shared = agree(ephemeral.private, companionEphemeral);
  const key = hkdf(shared, 32, bundle.subarray(0, 32), 'link_code_pairing_key_bundle_encryption_key');
  const plain = openBundle(key, bundle);
  const random = plain.subarray(64, 96);
  const identities = agree(account.identity.private, identity);
  return hkdf(Buffer.concat([shared, identities, random]), 32, EMPTY, 'adv_secret');
}

function openBundle(key: Uint8Array, bundle: Buffer): Buffer {
  try {
    return open(key, bundle.subarray(32, 44), bundle.subarray(44));
  } catch (error) {
    throw new Refused(400, 'wrong pairing code', { cause: error });
  }
}
