// A bare client's Signal session with one phone: texts that the phone can really read.
import { type AuthenticationCreds, BufferJSON, proto } from '@whiskeysockets/baileys';
import {
  ProtocolAddress,
  SessionBuilder,
  SessionCipher,
  type SessionRecord,
  type SignalStorage,
} from 'whatsapp-rust-bridge';
import { pad } from '../../src/simulator/phone/padding.ts';
import { typed } from '../../src/simulator/wire/crypto.ts';
import { type BinaryNode, bytes, child, childBytes, node, SERVER } from '../../src/simulator/wire/stanza.ts';
import type { BareClient } from './bare-client.ts';

export interface SealedText {
  readonly type: 'pkmsg' | 'msg';
  readonly sealed: Uint8Array;
}

// The wasm's message types: 3 is a PreKeySignalMessage.
const PRE_KEY_MESSAGE = 3;

export class SealedSender {
  readonly #client: BareClient;
  readonly #address: ProtocolAddress;
  readonly #storage: SignalStorage;
  /** For the `<device-identity>` that goes with every pkmsg. */
  readonly identity: Uint8Array;

  private constructor(client: BareClient, phoneLid: string) {
    const creds = JSON.parse(client.linked.credentials, BufferJSON.reviver) as AuthenticationCreds;
    this.#client = client;
    this.#address = new ProtocolAddress(phoneLid.split('@')[0] ?? '', 0);
    this.#storage = storageOf(creds);
    this.identity = proto.ADVSignedDeviceIdentity.encode(creds.account ?? {}).finish();
  }

  /** Fetches the phone's keys and starts a session with them. `lid` is the account's. */
  static async to(client: BareClient, lid: string): Promise<SealedSender> {
    const sender = new SealedSender(client, lid);
    const wanted = node('key', {}, [node('user', { jid: lid, reason: 'identity' })]);
    const answer = await client.query(node('iq', { to: SERVER, type: 'get', xmlns: 'encrypt' }, [wanted]));
    const user = child(child(answer, 'list'), 'user');
    if (!user) throw new Error(`no keys of ${lid}`);
    using builder = new SessionBuilder(sender.#storage, sender.#address);
    await builder.processPreKeyBundle(bundle(user));
    return sender;
  }

  async seal(text: string): Promise<SealedText> {
    using cipher = new SessionCipher(this.#storage, this.#address);
    const plain = pad(proto.Message.encode({ conversation: text }).finish());
    const { type, body } = await cipher.encrypt(plain);
    return { type: type === PRE_KEY_MESSAGE ? 'pkmsg' : 'msg', sealed: body };
  }

  /** Seals and sends it to that number's phone; resolves with the message's id. */
  async send(phone: string, text: string): Promise<string> {
    const { type, sealed } = await this.seal(text);
    const id = this.#client.nextId();
    const to = `${phone}@s.whatsapp.net`;
    const copy = node('to', { jid: to }, [node('enc', { v: '2', type }, sealed)]);
    const content = [node('participants', {}, [copy])];
    if (type === 'pkmsg') content.push(node('device-identity', {}, this.identity));
    this.#client.send(node('message', { id, to, type: 'text' }, content));
    return id;
  }
}

function bundle(user: BinaryNode) {
  const skey = childOf(user, 'skey');
  const key = child(user, 'key');
  return {
    registrationId: childBytes(user, 'registration', 4).readUInt32BE(),
    identityKey: typed(childBytes(user, 'identity', 32)),
    signedPreKey: {
      keyId: childBytes(skey, 'id', 3).readUIntBE(0, 3),
      publicKey: typed(childBytes(skey, 'value', 32)),
      signature: childBytes(skey, 'signature', 64),
    },
    preKey: key && {
      keyId: bytes(child(key, 'id'))?.readUIntBE(0, 3) ?? 0,
      publicKey: typed(childBytes(key, 'value', 32)),
    },
  };
}

function childOf(parent: BinaryNode, tag: string): BinaryNode {
  const found = child(parent, tag);
  if (!found) throw new Error(`<${parent.tag}> without <${tag}>`);
  return found;
}

/** Sessions alone: nobody writes first to a device that uses this. */
function storageOf({ signedIdentityKey, registrationId }: AuthenticationCreds): SignalStorage {
  const sessions = new Map<string, Uint8Array>();
  return {
    loadSession: address => sessions.get(address),
    storeSession: (address: string, record: SessionRecord) => {
      sessions.set(address, record.serialize());
      record.free();
    },
    getOurIdentity: () => ({
      pubKey: typed(signedIdentityKey.public),
      privKey: signedIdentityKey.private,
    }),
    getOurRegistrationId: () => registrationId,
    isTrustedIdentity: () => true,
    loadPreKey: () => undefined,
    removePreKey: () => {},
    loadSignedPreKey: () => undefined,
    loadSenderKey: () => undefined,
    storeSenderKey: () => {},
  };
}
