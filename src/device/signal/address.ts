/** Under which names a device's Signal state is kept. The forms are Baileys' (Signal/libsignal.js), so are the ids of rows. */
import { jidDecode, type SignalKeyStoreWithTransaction, WAJIDDomains } from '@whiskeysockets/baileys';
import type { Address } from './signal.ts';

const { WHATSAPP, LID, HOSTED, HOSTED_LID } = WAJIDDomains;

/** `12345:3@lid` is device 3 of `12345_1`, `12345@s.whatsapp.net` is device 0 of `12345`. Throws when it is nobody's. */
export function addressOf(jid: string): Address {
  const { user, device = 0, domainType } = decoded(jid);
  return { name: named(user, domainType), device };
}

export const idOf = ({ name, device }: Address) => `${name}.${device}`;

const named = (user: string, domain: number) => (domain === WHATSAPP ? user : `${user}_${domain}`);

/** A hosted device's number: a business that Meta serves. */
const HOSTED_DEVICE = 99;

function decoded(jid: string) {
  const parts = jidDecode(jid);
  if (!parts?.user) throw new Error('a JID without a user has no Signal state');
  const hosted = parts.server === 'hosted' || parts.server === 'hosted.lid';
  if (parts.device === HOSTED_DEVICE && !hosted) throw new Error('device 99 is not a hosted one');
  return { user: parts.user, device: parts.device, domainType: parts.domainType ?? WHATSAPP };
}

const isNumber = (domain: number) => domain === WHATSAPP || domain === HOSTED;

/**
 * Where a session lives: under its peer's LID as soon as that is known, under the phone number before. Asks the key
 * store alone, so that it may be called within a unit of work.
 */
export async function homeOf(keys: SignalKeyStoreWithTransaction, jid: string): Promise<Address> {
  const { user, device = 0, domainType } = decoded(jid);
  const lid = isNumber(domainType) ? (await keys.get('lid-mapping', [user]))[user] : undefined;
  if (lid === undefined) return { name: named(user, domainType), device };
  return { name: named(lid, domainType === HOSTED ? HOSTED_LID : LID), device };
}

/** Where it may still be, if nobody has written since the LID became known; `undefined` when there is no such place. */
export async function formerHomeOf(
  keys: SignalKeyStoreWithTransaction,
  jid: string,
): Promise<Address | undefined> {
  const { user, device = 0, domainType } = decoded(jid);
  if (isNumber(domainType)) return { name: named(user, domainType), device };
  const reverse = `${user}_reverse`;
  const { [reverse]: number } = await keys.get('lid-mapping', [reverse]);
  return number === undefined
    ? undefined
    : { name: named(number, domainType === HOSTED_LID ? HOSTED : WHATSAPP), device };
}
