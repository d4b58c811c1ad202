// xmlns `status`: the line below a person's name (protocol.md 5.3; whatsmeow user.go SetStatusMessage).
import { type Account, accountJid, type Device } from '../accounts/accounts.ts';
import { accountSync, notify } from '../delivery/notify.ts';
import { fieldOf, type MexAnswer, optionalText } from '../stanzas/mex-request.ts';
import { type Answer, IqError } from '../stanzas/request.ts';
import { type BinaryNode, bytes, children, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { acquaintances } from './audience.ts';
import { allows } from './privacy.ts';

/** WhatsApp's apps take 139 characters; emoji count more in bytes. */
const MAX_BYTES = 700;

const set: Answer = ({ world, device, content, after }) => {
  const text = bytes(content) ?? Buffer.alloc(0);
  if (content?.tag !== 'status' || text.length > MAX_BYTES) throw new IqError(400);
  after(() => setAbout(world, device.account, text.toString(), device));
  return [];
};

/** How whatsmeow sets it since 2026 (user.go SetStatusMessage); the emoji and the time to live are left out. */
const setByMex: MexAnswer = ({ world, device, variables, after }) => {
  const text = optionalText(fieldOf(variables, 'input'), 'text', MAX_BYTES) ?? '';
  after(() => setAbout(world, device.account, text, device));
  return { xwa2_update_text_status: { result: 'SUCCESS' } };
};

export function setAbout(world: World, account: Account, text: string, by?: Device): void {
  const profile = world.profiles.of(account);
  profile.about = { text, t: Number(world.clock.seconds()) };
  world.changed();
  accountSync(world, account, node('status', {}), by);
  const attrs = { from: accountJid(account), type: 'status', notify: account.name };
  for (const viewer of acquaintances(world, account)) {
    if (allows(world, account, viewer, 'status'))
      notify(world, viewer, attrs, [node('set', {}, Buffer.from(text))]);
  }
}

/** One's own, or that of each `<user>`. */
const get: Answer = ({ world, device, content }) => {
  const users = children(content, 'user');
  if (users.length === 0) return [aboutNode(world, device.account, device.account)];
  const shown = users.map(({ attrs: { jid } }) => {
    const about = aboutNode(world, world.accounts.byJid(jid), device.account);
    return { ...about, tag: 'user', attrs: { ...about.attrs, jid: jid ?? '' } };
  });
  return [node('status', {}, shown)];
};

/** `<status t>text</status>`, or `<status code="401"/>` for one that may not be seen (Baileys USyncStatusProtocol). */
export function aboutNode(world: World, owner: Account | undefined, viewer: Account): BinaryNode {
  if (!owner) return node('status', { code: '404' });
  if (!allows(world, owner, viewer, 'status')) return node('status', { code: '401' });
  const { text, t } = world.profiles.of(owner).about;
  return node('status', { t: String(t) }, Buffer.from(text));
}

export const aboutIqs: Readonly<Record<string, Answer>> = {
  'status/set/status': set,
  'status/get/status': get,
  'status/get/': get,
};

export const aboutQueries: Readonly<Record<string, MexAnswer>> = { '9152604461510864': setByMex };
