// The app-state keys that a phone made, or was given by a companion: the newest is used to write, all of them to read.
import { randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { type MutationKeys, mutationKeys } from './macs.ts';

export interface AppStateKey {
  /** 6 bytes: the device that made it (2) and a counter (4), both big-endian [guessed from the ids that are seen]. */
  readonly id: Buffer;
  /** Encoded AppStateSyncKeyData: secret, fingerprint, time. */
  readonly data: Buffer;
}

export class KeyRing {
  readonly #keys = new Map<string, AppStateKey>();
  readonly #derived = new Map<string, MutationKeys>();
  readonly #rawId: number;
  readonly #now: () => number;
  #current: AppStateKey | undefined;

  /** `rawId` is the account's ADV id, which the fingerprint of a key names; `now` the world's time in unix ms. */
  constructor(rawId: number, now: () => number) {
    this.#rawId = rawId;
    this.#now = now;
  }

  /** The key to write with; the first one is made when somebody asks. */
  get current(): AppStateKey {
    return this.#current ?? this.rotate([0]);
  }

  /** Oldest first, so that who stores them in order ends up writing with the newest (Baileys does exactly that). */
  all(): AppStateKey[] {
    return [...this.#keys.values()];
  }

  get(id: Uint8Array): AppStateKey | undefined {
    return this.#keys.get(Buffer.from(id).toString('base64'));
  }

  /** Makes a new key, for the devices of these ids, and writes with it from now on. */
  rotate(deviceIndexes: readonly number[]): AppStateKey {
    const epoch = this.#current ? this.#current.id.readUInt32BE(2) + 1 : 1 + randomBytes(2).readUInt16BE();
    const id = Buffer.alloc(6);
    id.writeUInt32BE(epoch >>> 0, 2);
    const data = proto.Message.AppStateSyncKeyData.encode({
      keyData: randomBytes(32),
      fingerprint: {
        rawId: this.#rawId,
        currentIndex: Math.max(...deviceIndexes),
        deviceIndexes: [...deviceIndexes],
      },
      timestamp: this.#now(),
    }).finish();
    return this.add({ id, data: Buffer.from(data) });
  }

  /** Takes a key over and writes with it from now on. A known id stays as it is. */
  add(key: AppStateKey): AppStateKey {
    const name = key.id.toString('base64');
    const known = this.#keys.get(name);
    if (known) return known;
    this.#keys.set(name, key);
    this.#current = key;
    return key;
  }

  /** What the key of that id is used for; undefined when nobody told us that key. */
  derived(id: Uint8Array): MutationKeys | undefined {
    const name = Buffer.from(id).toString('base64');
    const known = this.#derived.get(name);
    const key = this.#keys.get(name);
    if (known || !key) return known;
    const secret = proto.Message.AppStateSyncKeyData.decode(key.data).keyData ?? Buffer.alloc(0);
    const made = mutationKeys(secret);
    this.#derived.set(name, made);
    return made;
  }
}

/** The peer message that gives keys to a companion (protocol.md 13). */
export function keyShare(keys: readonly AppStateKey[]): proto.IMessage {
  return {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE,
      appStateSyncKeyShare: {
        keys: keys.map(key => ({
          keyId: { keyId: key.id },
          keyData: proto.Message.AppStateSyncKeyData.decode(key.data),
        })),
      },
    },
  };
}
