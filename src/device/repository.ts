/**
 * Baileys' own Signal repository (libsignal) on our keys: every call one unit of work in the device's lane. Stock, a
 * send and a receive on the same session overwrite each other (39 of 40 rounds broke the peer), and ciphertext leaves
 * before its ratchet step is stored (reliability.md E1-E7; the tests in test/device repeat the experiments).
 *
 * "Nothing lost" adds the inbox here: `decryptMessage` and `decryptGroupMessage` will stage the plaintext and its stanza
 * in the same unit as the ratchet step.
 */
import { DEFAULT_CONNECTION_CONFIG, isPnUser, type SocketConfig } from '@whiskeysockets/baileys';
import type { DeviceKeys } from './keys.ts';

type MakeRepository = SocketConfig['makeSignalRepository'];

export function makeRepository(keys: DeviceKeys): MakeRepository {
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

    return {
      ...stock,
      decryptMessage: withPeer(stock.decryptMessage.bind(stock)),
      encryptMessage: withPeer(stock.encryptMessage.bind(stock)),
      injectE2ESession: withPeer(stock.injectE2ESession.bind(stock)),
      decryptGroupMessage: unit(stock.decryptGroupMessage.bind(stock)),
      encryptGroupMessage: unit(stock.encryptGroupMessage.bind(stock)),
      processSenderKeyDistributionMessage: unit(stock.processSenderKeyDistributionMessage.bind(stock)),
      getSenderKeyDistributionMessage: unit(stock.getSenderKeyDistributionMessage.bind(stock)),
      deleteSession: unit(stock.deleteSession.bind(stock)),
      migrateSession: unit(stock.migrateSession.bind(stock)),
    };
  };
}
