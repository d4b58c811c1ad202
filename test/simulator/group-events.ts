// What a client heard of its groups: Baileys' events, and the notifications as they came.
import type { BinaryNode, GroupMetadata, WASocket } from '@whiskeysockets/baileys';
import { WAMessageStubType } from '@whiskeysockets/baileys';
import type { Client } from './client.ts';

export interface GroupEvents {
  /** `groups.upsert`. */
  readonly joined: GroupMetadata[];
  /** `groups.update`. */
  readonly updates: Partial<GroupMetadata>[];
  /** `group-participants.update`, as `action phone,phone`. */
  readonly people: string[];
  /** `group.join-request`. */
  readonly requests: { participant: string; action: string; method: string | undefined }[];
  /** Every `<notification type="w:gp2">`. */
  readonly notifications: BinaryNode[];
  /** The child of the newest notification with this child. */
  newest(tag: string): BinaryNode | undefined;
  /** Parameters of the messages that Baileys made of notifications, by stub type. */
  stubs(type: keyof typeof WAMessageStubType): string[][];
}

export function watchGroups(client: Client): GroupEvents {
  const { sock } = client;
  const events: GroupEvents = {
    joined: [],
    updates: [],
    people: [],
    requests: [],
    notifications: [],
    newest: tag => events.notifications.flatMap(one => childrenOf(one)).findLast(one => one.tag === tag),
    stubs: type =>
      client.received
        .filter(({ message }) => message.messageStubType === Number(WAMessageStubType[type]))
        .map(({ message }) => message.messageStubParameters ?? []),
  };
  sock.ev.on('groups.upsert', groups => void events.joined.push(...groups));
  sock.ev.on('groups.update', groups => void events.updates.push(...groups));
  sock.ev.on('group-participants.update', ({ action, participants }) => {
    const numbers = participants.map(one => (one.phoneNumber ?? one.id).split('@')[0]);
    events.people.push(`${action} ${numbers.join()}`);
  });
  sock.ev.on('group.join-request', ({ participant, action, method }) => {
    events.requests.push({ participant, action, method });
  });
  sock.ws.on('CB:notification,type:w:gp2', (node: BinaryNode) => void events.notifications.push(node));
  return events;
}

export function childrenOf(node: BinaryNode | undefined): BinaryNode[] {
  return Array.isArray(node?.content) ? node.content : [];
}

/** An iq of xmlns `w:g2` as written here; resolves with its first child, rejects with an error's `data` as code. */
export async function ask(
  sock: WASocket,
  type: 'get' | 'set',
  to: string,
  content: BinaryNode,
): Promise<BinaryNode | undefined> {
  const answer = await sock.query({ tag: 'iq', attrs: { type, xmlns: 'w:g2', to }, content: [content] });
  return childrenOf(answer)[0];
}

/** The code with which a request was refused; undefined when it was not. */
export async function refusal(request: Promise<unknown>): Promise<number | undefined> {
  try {
    await request;
    return undefined;
  } catch (error) {
    return (error as { data?: number }).data;
  }
}
