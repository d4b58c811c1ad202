// Small requests that whatsmeow makes and Baileys does not: contact links (`wa.me/qr/CODE`), who gets one's statuses, and
// push settings (whatsmeow user.go, broadcast.go, push.go).
import { randomBytes } from 'node:crypto';
import { accountJid } from '../accounts/accounts.ts';
import { type Answer, IqError } from '../stanzas/request.ts';
import { node } from '../wire/stanza.ts';

/** One's own link; `revoke` makes a new one. */
const ownLink: Answer = ({ world, device, content }) => {
  const { action, type } = content?.attrs ?? {};
  if (type !== 'contact' || (action !== 'get' && action !== 'revoke')) throw new IqError(400);
  const profile = world.profiles.of(device.account);
  if (profile.linkCode === undefined || action === 'revoke') {
    world.profiles.setLink(device.account, randomBytes(10).toString('hex').toUpperCase());
    world.changed();
  }
  return [node('qr', { code: profile.linkCode, type })];
};

/** Whose link it is. */
const resolve: Answer = ({ world, content }) => {
  const account = world.profiles.byLink(content?.attrs.code ?? '');
  if (!account) throw new IqError(404);
  return [node('qr', { jid: accountJid(account), notify: account.name, type: 'contact' })];
};

/** Everybody keeps to the default: all contacts. */
const statusPrivacy: Answer = () => [
  node('privacy', {}, [node('list', { type: 'contacts', default: 'true' })]),
];

export const linkIqs: Readonly<Record<string, Answer>> = {
  'w:qr/set/qr': ownLink,
  'w:qr/get/qr': resolve,
  'status/get/privacy': statusPrivacy,
  'urn:xmpp:whatsapp:push': () => [],
};
