/**
 * Baileys' own Signal repository (libsignal) on our keys: every call one unit of work in the device's lane. Stock, a
 * send and a receive on the same session overwrite each other (39 of 40 rounds broke the peer), and ciphertext leaves
 * before its ratchet step is stored (reliability.md E1-E7; the tests in test/device repeat the experiments).
 * What was decrypted is put into the inbox by the same unit; what does not decrypt any more is looked for there.
 */
import { DEFAULT_CONNECTION_CONFIG, isPnUser, type SocketConfig } from '@whiskeysockets/baileys';
import type { Inbox } from './inbox.ts';
import type { DeviceKeys } from './keys.ts';

type MakeRepository = SocketConfig['makeSignalRepository'];

export function makeRepository(
  keys: DeviceKeys,
  inbox?: Pick<Inbox, 'took' | 'plaintextOf'>,
): MakeRepository {
  return ({ creds }, logger, pnToLid) => {
    const stock = DEFAULT_CONNECTION_CONFIG.makeSignalRepository({ creds, keys }, logger, pnToLid);
    const unit =
      <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
      (...args: A) =>
        keys.transaction(() => work(...args));

    // A session lives under its peer's LID. Looking that up may ask WhatsApp, which must not happen inside the lane.
    const knowPeer = async (jid: string) => {
      if (isPnUser(jid)) await stock.lidMapping.getLIDForPN(jid);
    };
    const withPeer = <A extends { jid: string }, R>(work: (options: A) => Promise<R>) => {
      const inUnit = unit(work);
      return async (options: A) => {
        await knowPeer(options.jid);
        return inUnit(options);
      };
    };

    const opened = async (ciphertext: Uint8Array, decrypt: () => Promise<Uint8Array>) => {
      try {
        return await keys.transaction(async () => {
          const plaintext = await decrypt();
          inbox?.took(ciphertext, plaintext);
          return plaintext;
        });
      } catch (error) {
        const plaintext = keys.failure ? undefined : await inbox?.plaintextOf(ciphertext);
        if (!plaintext) throw error;
        return plaintext;
      }
    };

    return {
      ...stock,
      decryptMessage: async options => {
        await knowPeer(options.jid);
        return opened(options.ciphertext, () => stock.decryptMessage(options));
      },
      encryptMessage: withPeer(stock.encryptMessage.bind(stock)),
      injectE2ESession: withPeer(stock.injectE2ESession.bind(stock)),
      decryptGroupMessage: options => opened(options.msg, () => stock.decryptGroupMessage(options)),
      encryptGroupMessage: unit(stock.encryptGroupMessage.bind(stock)),
      processSenderKeyDistributionMessage: unit(stock.processSenderKeyDistributionMessage.bind(stock)),
      getSenderKeyDistributionMessage: unit(stock.getSenderKeyDistributionMessage.bind(stock)),
      deleteSession: unit(stock.deleteSession.bind(stock)),
      migrateSession: unit(stock.migrateSession.bind(stock)),
    };
  };
}
