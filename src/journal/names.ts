/**
 * Every event there is, and the version of its payload: light enough for every thread. What is in them is in `catalogue/`,
 * which nothing loads but what describes them; the compiler holds the two together.
 */
export const versions = {
  message: 1,
  'message.ack': 1,
  'message.reaction': 1,
  'message.revoked': 1,
  'message.edited': 1,
  'message.deleted': 1,
  'message.poll_vote': 1,
  'message.event_response': 1,
  'message.pinned': 1,
  'message.kept': 1,
  'message.starred': 1,
  'message.status': 1,
  'message.undecryptable': 1,
  'message.recovered': 1,
  'message.lost': 1,
  'media.ready': 1,
  'media.failed': 1,
  chat_presence: 1,
  presence: 1,
  'chat.updated': 1,
  'chat.read': 1,
  'contact.updated': 1,
  'contact.lid': 1,
  'group.joined': 1,
  'group.participants': 1,
  'group.updated': 1,
  'group.join_request': 1,
  'group.member_label': 1,
  'label.edit': 1,
  'label.association': 1,
  'newsletter.joined': 1,
  'newsletter.left': 1,
  'newsletter.message': 1,
  'newsletter.reaction': 1,
  'newsletter.view': 1,
  'newsletter.participants': 1,
  'newsletter.mute': 1,
  'newsletter.updated': 1,
  'call.offer': 1,
  'call.updated': 1,
  'blocklist.updated': 1,
  'settings.updated': 1,
  'history.progress': 1,
  'history.status': 1,
  'account.restricted': 1,
  'account.message_cap': 1,
  'device.state': 1,
  'device.degraded': 1,
  'device.recovered': 1,
  'device.qr': 1,
  'device.pairing_code': 1,
  'webhook.failing': 1,
  'webhook.disabled': 1,
  'webhook.recovered': 1,
  'event.unparsed': 1,
} as const;

export type EventName = keyof typeof versions;

export const eventNames = Object.keys(versions) as readonly EventName[];

/**
 * The version of an event's payload, 1 for one that is not known here (a journal may be read by an older process). Should
 * there be a 2 one day, rows must say which they were written as: until then all of them are 1.
 */
export const versionOf = (event: string): number =>
  (versions as Readonly<Record<string, number>>)[event] ?? 1;

/** Whoever reads them can link a phone: they go only to who has named them, never with "all events". */
export const privateEvents: ReadonlySet<string> = new Set([
  'device.qr',
  'device.pairing_code',
] satisfies EventName[]);

export const isPrivate = (event: string): boolean => privateEvents.has(event);

/** Whether one who wants these events (lower-case names; none is all of them) wants this one. */
export const isWanted = (events: ReadonlySet<string>, event: string): boolean =>
  events.size === 0 ? !isPrivate(event) : events.has(event.toLowerCase());
