// xmlns `w:g2` as linked devices ask it (protocol.md 11): a request is read into a change, and what the change comes to
// is rendered. Whatever cannot be read is answered with 400.
import { type Answer, IqError, type Request } from '../stanzas/request.ts';
import { type BinaryNode, child, children, node } from '../wire/stanza.ts';
import { type Change, change, found } from './change.ts';
import { groupNode, personResult } from './group-node.ts';
import type { Group } from './groups.ts';
import { announce } from './notices.ts';
import type { Outcome, Person } from './outcome.ts';
import { badRequest, forbidden, MAX_MEMBERS, notFound } from './rules.ts';

/** An attribute that must be there. Throws 400: what is wrong in a request about groups costs no connection. */
export function need(holder: BinaryNode | undefined, name: string): string {
  const value = holder?.attrs[name];
  if (value === undefined || value === '') throw badRequest();
  return value;
}

/** The group that an iq is to. Throws 404. */
export function groupOf({ world, iq }: Request): Group {
  const group = world.groups.byJid(iq.attrs.to);
  if (!group) throw notFound();
  return group;
}

/** The group that an attribute names, with or without `@g.us`. */
export function groupNamed({ world }: Request, name: string): Group | undefined {
  return world.groups.byJid(name.includes('@') ? name : `${name}@g.us`);
}

/** The people in a request. Throws 400 for none, or for more than there can be. */
export function peopleIn({ world }: Request, holder: BinaryNode | undefined): Person[] {
  const named = children(holder, 'participant');
  if (named.length === 0 || named.length > MAX_MEMBERS) throw badRequest();
  return named.map(one => {
    const asked = need(one, 'jid');
    const account = world.accounts.byJid(asked) ?? world.accounts.byJid(one.attrs.phone_number);
    return { asked, account };
  });
}

/** Does what is wanted of a group; the members hear of it once the answer is on its way. */
export function perform(request: Request, group: Group, wanted: Change): Outcome {
  const { world, device, after } = request;
  const outcome = change(world, device.account, group, wanted);
  after(() => announce(world, outcome.notices));
  return outcome;
}

const make: Answer = request => {
  const { world, device, content, after } = request;
  const key = content?.attrs.key;
  const people = children(content, 'participant').length > 0 ? peopleIn(request, content) : [];
  const subject = need(content, 'subject');
  const addressing = world.groups.newAddressing;
  const made = found(world, device.account, { subject, people, addressing, key });
  after(() => announce(world, made.notices));
  return [groupNode(made.group, { failed: made.failed })];
};

/** One group, or a list of them. */
const query: Answer = request => {
  const group = groupOf(request);
  if (!group.members.has(request.device.account)) throw forbidden();
  return [groupNode(group)];
};

const participating: Answer = ({ world, device, content }) => {
  const shown = {
    participants: child(content, 'participants') !== undefined,
    description: child(content, 'description') !== undefined,
  };
  const groups = [...world.groups.of(device.account)].map(group => groupNode(group, shown));
  return [node('groups', {}, groups)];
};

const people =
  (type: 'add' | 'remove' | 'promote' | 'demote'): Answer =>
  request => {
    const group = groupOf(request);
    const outcome = perform(request, group, { type, people: peopleIn(request, request.content) });
    // whatsapp-rust takes `type="200"` for done, the others the absence of `error` (its tests/e2e/tests/groups.rs).
    const results = outcome.results?.map(result => personResult(group, result, '200'));
    return [node(type, {}, results)];
  };

const leave: Answer = request => {
  const left = children(request.content, 'group').map(asked => {
    const id = need(asked, 'id');
    const group = groupNamed(request, id);
    if (!group?.members.has(request.device.account))
      return node('group', { id, error: group ? '403' : '404' });
    perform(request, group, { type: 'leave' });
    return node('group', { id });
  });
  if (left.length === 0) throw badRequest();
  return [node('leave', {}, left)];
};

/** What no row above knows. */
const unknown: Answer = ({ world, iq, content }) => {
  world.ledger.unknownIq(`w:g2/${iq.attrs.type}/${content?.tag ?? ''}`);
  throw new IqError(400, 'bad-request');
};

export const groupIqs: Readonly<Record<string, Answer>> = {
  'w:g2': unknown,
  'w:g2/set/create': make,
  'w:g2/get/query': query,
  'w:g2/get/participating': participating,
  'w:g2/set/add': people('add'),
  'w:g2/set/remove': people('remove'),
  'w:g2/set/promote': people('promote'),
  'w:g2/set/demote': people('demote'),
  'w:g2/set/leave': leave,
};
