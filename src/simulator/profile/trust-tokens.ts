// Trusted-contact tokens: whoever writes to somebody gives them one, and with it they may answer (Baileys
// Utils/tc-token-utils.ts, whatsapp-rust iq/tctoken.rs). Enforced, a first message without one is refused with 463.
import { randomBytes } from 'node:crypto';
import { type Account, accountJid } from '../accounts/accounts.ts';
import { notify } from '../delivery/notify.ts';
import { type Answer, IqError } from '../stanzas/request.ts';
import { type BinaryNode, bytes, child, children, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { isCapped } from './new-chats.ts';
import { nonContactToken } from './non-contact.ts';
import { allows, isBlocked } from './privacy.ts';
import { scenarioFlag } from './scenario.ts';

/** `enforced`: of everybody; `off`: only of accounts whose push name starts with `restricted:`. */
export type TokenMode = 'off' | 'enforced';

export interface TrustToken {
  readonly bytes: Buffer;
  /** Unix seconds, as its giver said. */
  readonly t: number;
}

// A window of four buckets of a week, the current one included (Baileys isTcTokenExpired).
const BUCKET_SECONDS = 604_800;
const BUCKETS = 4;
/** Contacts per request; clients ask for one. */
const MAX_TOKENS = 256;

/** A token of this time is no longer accepted. `now` is in unix seconds. */
export function isExpired(t: number, now: number): boolean {
  return t < (Math.floor(now / BUCKET_SECONDS) - (BUCKETS - 1)) * BUCKET_SECONDS;
}

/**
 * `<tokens><token jid t type="trusted_contact"/></tokens>`: gives each a token, which its devices get as a notification.
 * The answer carries what those people gave the asker before, so that a client that lost a token has it again: Baileys
 * asks this after a 463 and stores what comes back as the other's token [inferred].
 */
const issue: Answer = ({ world, device, content, after }) => {
  const asked = children(content, 'token');
  if (asked.length === 0 || asked.length > MAX_TOKENS) throw new IqError(400);
  const now = Number(world.clock.seconds());
  const given = asked.map(({ attrs: { jid, t = '', type } }) => {
    const holder = world.accounts.byJid(jid);
    if (type !== 'trusted_contact' || !/^\d{1,12}$/.test(t)) throw new IqError(400);
    return { jid, holder, t: Math.min(Number(t), now) };
  });
  const back: BinaryNode[] = [];
  for (const { jid, holder, t } of given) {
    if (!holder || holder === device.account) continue;
    after(() => giveToken(world, device.account, holder, t));
    const theirs = world.profiles.of(holder).tokens.get(device.account);
    if (theirs && !isExpired(theirs.t, now)) back.push(tokenNode(theirs, jid));
  }
  return back.length > 0 ? [node('tokens', {}, back)] : [];
};

/** `giver` trusts `holder`: a new token, pushed to the holder's devices. Within one bucket the bytes stay the same. */
function giveToken(world: World, giver: Account, holder: Account, t: number): void {
  const tokens = world.profiles.of(giver).tokens;
  const before = tokens.get(holder);
  const same = before && Math.floor(before.t / BUCKET_SECONDS) === Math.floor(t / BUCKET_SECONDS);
  const token = { bytes: same ? before.bytes : randomBytes(16), t };
  tokens.set(holder, token);
  if (isBlocked(world, holder, giver)) return;
  const attrs = { from: accountJid(giver), sender_lid: accountJid(giver, 'lid'), type: 'privacy_token' };
  notify(world, holder, attrs, [node('tokens', {}, [tokenNode(token, accountJid(holder))])]);
}

function tokenNode(token: TrustToken, jid: string | undefined): BinaryNode {
  return node('token', { jid, t: String(token.t), type: 'trusted_contact' }, token.bytes);
}

/** Did `giver` give this token to `holder`, and is it still good? */
function isTrusted(world: World, giver: Account, holder: Account, token: Buffer | undefined): boolean {
  const known = world.profiles.of(giver).tokens.get(holder);
  if (!token || !known || isExpired(known.t, world.clock.now() / 1000)) return false;
  return known.bytes.equals(token);
}

function needsToken(world: World, account: Account): boolean {
  return world.profiles.tokenMode === 'enforced' || scenarioFlag(account, 'restricted') === true;
}

/**
 * Is `viewer` a stranger to somebody who asks for tokens, and has no good one? Then it is shown neither presence nor
 * picture. `token` is what came along.
 */
export function isStranger(
  world: World,
  owner: Account,
  viewer: Account,
  token: Buffer | undefined,
): boolean {
  if (owner === viewer || !needsToken(world, owner)) return false;
  const { contacts, wroteTo } = world.profiles.of(owner);
  return !contacts.has(viewer) && !wroteTo.has(viewer) && !isTrusted(world, owner, viewer, token);
}

/**
 * The error of the ack for a message of one person to another, or undefined when it may pass. 463: the other asks for a
 * token (or lets only contacts write), has never written and the message has no token; or the sender may not start chats,
 * or no more of them.
 */
export function firstContactError(
  world: World,
  sender: Account,
  to: Account,
  message: BinaryNode,
): '463' | undefined {
  const known = sender === to || world.profiles.of(to).wroteTo.has(sender);
  if (known) return undefined;
  if (isCapped(world, sender) && !world.profiles.of(sender).wroteTo.has(to)) return '463';
  const strict = needsToken(world, to) || isTimelocked(world, sender);
  if (strict && !world.profiles.of(sender).wroteTo.has(to)) {
    if (!hasToken(world, sender, to, message)) return '463';
  }
  // Not an error of its own in any reference: this is the nearest that clients know [guessed].
  if (!isBlocked(world, to, sender) && !allows(world, to, sender, 'messages')) return '463';
  return undefined;
}

/** A token of either kind that the other takes. */
function hasToken(world: World, sender: Account, to: Account, message: BinaryNode): boolean {
  const given = bytes(child(message, 'cstoken'));
  if (given && scenarioFlag(to, 'cs_enabled') !== false && given.equals(nonContactToken(world, sender, to)))
    return true;
  if (scenarioFlag(to, 'tc_enabled') === false) return false;
  return isTrusted(world, to, sender, bytes(child(message, 'tctoken')));
}

function isTimelocked(world: World, account: Account): boolean {
  const lock = world.profiles.of(account).timelock;
  return lock !== undefined && lock.until > world.clock.now() / 1000;
}

export const tokenIqs: Readonly<Record<string, Answer>> = { 'privacy/set/tokens': issue };
