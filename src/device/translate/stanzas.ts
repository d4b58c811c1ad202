/** What is told from a stanza itself, because Baileys' events have less of it. The same stanza is the same events. */
import { type BinaryNode, isJidNewsletter } from '@whiskeysockets/baileys';
import { fromCall } from './calls.ts';
import type { Self, Told } from './envelope.ts';
import { fromGroupNews } from './groups.ts';
import { fromMex, fromNewsletterNews, fromPost } from './newsletters.ts';
import { fromAbout, fromAccountSync, fromIdentity, fromPicture } from './people.ts';
import { fromOwnReceipt } from './receipts.ts';

const notifications: Readonly<Record<string, (node: BinaryNode, self: Self) => Told[]>> = {
  'w:gp2': fromGroupNews,
  picture: fromPicture,
  status: fromAbout,
  encrypt: fromIdentity,
  account_sync: fromAccountSync,
  newsletter: fromNewsletterNews,
  mex: fromMex,
};

/** The events of a stanza; none for one whose events Baileys tells whole. */
export function fromStanza(node: BinaryNode, self: Self): Told[] {
  const { type = '', from } = node.attrs;
  if (node.tag === 'call') return fromCall(node);
  if (node.tag === 'receipt') return fromOwnReceipt(node, self);
  if (node.tag === 'message') return isJidNewsletter(from) ? fromPost(node) : [];
  if (node.tag !== 'notification') return [];
  const translate = Object.hasOwn(notifications, type) ? notifications[type] : undefined;
  return translate?.(node, self) ?? [];
}
