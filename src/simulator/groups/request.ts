// Reading requests about groups. What cannot be read is answered with 400 and costs no connection.
import { IqError, type Request } from '../stanzas/request.ts';
import { type BinaryNode, children } from '../wire/stanza.ts';
import { type Change, change } from './change.ts';
import type { Group } from './groups.ts';
import { announce } from './notices.ts';
import type { Outcome, Person } from './outcome.ts';
import { MAX_MEMBERS } from './rules.ts';

/** JIDs, codes and ids are far shorter; some of them are kept. */
const MAX_ATTRIBUTE = 256;

/** An attribute that must be there. Throws 400. */
export function need(holder: BinaryNode | undefined, name: string, longest = MAX_ATTRIBUTE): string {
  const value = holder?.attrs[name];
  if (value === undefined || value === '' || value.length > longest) throw new IqError(400);
  return value;
}

/** The group that an iq is to. Throws 404. */
export function groupOf({ world, iq }: Request): Group {
  const group = world.groups.byJid(iq.attrs.to);
  if (!group) throw new IqError(404);
  return group;
}

/** The group that an attribute names, with or without `@g.us`. */
export function groupNamed({ world }: Request, name: string): Group | undefined {
  return world.groups.byJid(name.includes('@') ? name : `${name}@g.us`);
}

/** The people in a request. Throws 400 for none, or for more than there can be. */
export function peopleIn({ world }: Request, holder: BinaryNode | undefined): Person[] {
  const named = children(holder, 'participant');
  if (named.length === 0 || named.length > MAX_MEMBERS) throw new IqError(400);
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
