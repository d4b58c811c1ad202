// Routes about groups: what there is, and everything that a person with a phone, or the server, does to them. A phone's
// change passes the same judgement as a linked device's.
import { z } from '@hono/zod-openapi';
import { phoneOf } from '../accounts/phones.ts';
import { defined } from '../defined.ts';
import { actAsServer, change, found } from '../groups/change.ts';
import type { Group } from '../groups/groups.ts';
import { announce, markDirty } from '../groups/notices.ts';
import type { Outcome } from '../groups/outcome.ts';
import { setGroupPicture } from '../profile/pictures.ts';
import { Refused } from '../refused.ts';
import { IqError } from '../stanzas/request.ts';
import type { World } from '../world.ts';
import { GroupChange, Name, readAct, readChange, SettingsBody } from './group-changes.ts';
import { type AddRoute, shapes } from './route.ts';

const Addressing = z.enum(['lid', 'pn']);
const Invite = z.object({ phone: z.string(), code: z.string(), expiration: z.number(), by: z.string() });
const GroupView = z
  .object({
    jid: z.string(),
    kind: z.enum(['plain', 'community', 'announcements', 'general']),
    subject: z.string(),
    description: z.object({ id: z.string(), text: z.string(), by: z.string().optional() }).optional(),
    addressing: Addressing,
    creator: z.string().optional(),
    created: z.number().openapi({ description: 'Unix seconds.' }),
    members: z.array(z.object({ phone: z.string(), role: z.enum(['member', 'admin', 'superadmin']) })),
    settings: SettingsBody.extend({ suspended: z.boolean(), growthLockedUntil: z.number() }),
    inviteCode: z.string(),
    requests: z.array(z.object({ phone: z.string(), at: z.number(), method: z.string() })),
    invites: z.array(Invite).openapi({ description: 'Invitations in person that were not accepted.' }),
    parent: z.string().optional().openapi({ description: 'JID of its community.' }),
    subgroups: z.array(z.string()),
  })
  .openapi('Group', { description: 'People are their phone numbers.' });
const Result = z.object({
  phone: z.string().optional(),
  asked: z.string(),
  error: z.string().optional().openapi({ description: 'What a linked device would read: 403, 404, 409, …' }),
  invite: Invite.optional(),
});
const Changed = z.object({
  group: GroupView,
  results: z.array(Result).optional(),
  linked: z.array(z.object({ jid: z.string(), error: z.string().optional() })).optional(),
  pending: z.boolean().optional().openapi({ description: 'An admin has to approve it.' }),
});
const PictureOf = z.object({
  group: z.string(),
  picture: z.string().optional().openapi({ description: 'Its id.' }),
});
const OfGroup = z.object({
  group: z.string().openapi({ description: 'JID, with or without @g.us.', example: '120363000000000001' }),
});

export const groupShapes = shapes({
  createGroup: {
    id: 'createGroup',
    method: 'post',
    path: '/groups',
    tag: 'groups',
    summary: 'A phone makes a group, a community, or a group of a community',
    body: z.object({
      by: Name.openapi({ description: 'The phone that makes it and is its superadmin.' }),
      subject: z.string(),
      members: z.array(Name).max(1_024).default([]),
      description: z.string().optional(),
      addressing: Addressing.optional().openapi({ description: 'In which form members see each other.' }),
      settings: SettingsBody.partial().optional(),
      community: z
        .object({ generalChat: z.boolean().default(false) })
        .optional()
        .openapi({ description: 'Makes a community, with its announcements.' }),
      parent: z.string().optional().openapi({ description: 'JID of the community that it shall belong to.' }),
    }),
    results: GroupView,
  },
  groups: {
    id: 'groups',
    method: 'get',
    path: '/groups',
    tag: 'groups',
    summary: 'Every group and community',
    results: z.array(GroupView),
  },
  group: {
    id: 'group',
    method: 'get',
    path: '/groups/{group}',
    tag: 'groups',
    summary: 'One group or community',
    params: OfGroup,
    results: GroupView,
  },
  changeGroup: {
    id: 'changeGroup',
    method: 'post',
    path: '/groups/{group}/change',
    tag: 'groups',
    summary: 'A phone, or without `by` the server, changes a group',
    description:
      'Judged as if a linked device of that phone had asked; members hear of it. A refusal is a 4xx with the code that such a device would get. Of people that cannot be added, promoted, … the answer says so one by one.',
    params: OfGroup,
    body: z.object({ by: Name.optional(), change: GroupChange }),
    results: Changed,
  },
  setGroupPicture: {
    id: 'setGroupPicture',
    method: 'put',
    path: '/groups/{group}/picture',
    tag: 'groups',
    summary: 'A phone sets the picture of a group: the body is the image',
    params: OfGroup,
    query: z.object({ by: Name }),
    raw: 'bytes',
    results: PictureOf,
  },
  removeGroupPicture: {
    id: 'removeGroupPicture',
    method: 'delete',
    path: '/groups/{group}/picture',
    tag: 'groups',
    summary: 'A phone removes the picture of a group',
    params: OfGroup,
    query: z.object({ by: Name }),
    results: PictureOf,
  },
  dirtyGroups: {
    id: 'dirtyGroups',
    method: 'post',
    path: '/groups/dirty',
    tag: 'groups',
    summary: "Tells a phone's connected devices that what they know of their groups is old",
    body: z.object({ phone: Name }),
    results: z.object({ told: z.number().openapi({ description: 'Devices.' }) }),
  },
});

export function groupRoutes(add: AddRoute, world: World): void {
  add(groupShapes.createGroup, ({ body }) =>
    refusing(() => {
      const { by, subject, description, settings, community } = body;
      const people = body.members.map(name => ({ asked: name, account: phoneOf(world, name).account }));
      const made = found(world, phoneOf(world, by).account, {
        subject,
        people,
        addressing: body.addressing ? domains[body.addressing] : world.groups.newAddressing,
        description: description === undefined ? undefined : { id: world.nextId(), text: description },
        community,
        parent: body.parent === undefined ? undefined : groupNamed(world, body.parent),
        ...(settings && { settings: defined(settings) }),
      });
      announce(world, made.notices);
      return describeGroup(world, made.group);
    }),
  );

  add(groupShapes.groups, () => [...world.groups.all()].map(group => describeGroup(world, group)));

  add(groupShapes.group, ({ params }) => describeGroup(world, groupNamed(world, params.group)));

  const setPicture = (name: string, by: string, given: Buffer | undefined) =>
    refusing(() => {
      const group = groupNamed(world, name);
      const picture = setGroupPicture(world, group, phoneOf(world, by).account, given);
      return { group: group.jid, picture: picture?.id };
    });

  add(groupShapes.setGroupPicture, ({ params, query, bytes }) => {
    if (bytes.length === 0) throw new Refused(400, 'the body is the image');
    return setPicture(params.group, query.by, bytes);
  });

  add(groupShapes.removeGroupPicture, ({ params, query }) => setPicture(params.group, query.by, undefined));

  add(groupShapes.dirtyGroups, ({ body }) => ({
    told: markDirty(world, phoneOf(world, body.phone).account),
  }));

  add(groupShapes.changeGroup, ({ params, body }) =>
    refusing(() => {
      const group = groupNamed(world, params.group);
      const act = readAct(body.change);
      if ((act === undefined) === (body.by === undefined))
        throw new Refused(
          400,
          act ? 'the server does this: leave `by` out' : '`by` names the phone that does it',
        );
      let outcome: Outcome;
      if (act) outcome = actAsServer(world, group, act);
      else {
        const { account } = phoneOf(world, body.by ?? '');
        outcome = change(world, account, group, readChange(world, account, group, body.change));
      }
      announce(world, outcome.notices);
      return describeOutcome(world, outcome);
    }),
  );
}

const domains = { lid: 'lid', pn: 's.whatsapp.net' } as const;

function groupNamed(world: World, name: string): Group {
  const group = world.groups.byJid(name.includes('@') ? name : `${name}@g.us`);
  if (!group) throw new Refused(404, `there is no group ${name}`);
  return group;
}

/** Runs what a linked device could ask as well; the refusal that such a device would get becomes this route's. */
function refusing<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof IqError)) throw error;
    const status = { 400: 400, 404: 404, 406: 400 } as const;
    const code = error.code as keyof typeof status;
    throw new Refused(status[code] ?? 409, `refused: ${error.code} ${error.message}`, { cause: error });
  }
}

function describeOutcome(
  world: World,
  { group, results, linked, pending }: Outcome,
): z.input<typeof Changed> {
  return {
    group: describeGroup(world, group),
    results: results?.map(({ asked, account, error, invite }) => ({
      asked,
      phone: account?.phone,
      error,
      invite: invite && account && { ...invite, phone: account.phone, by: invite.by.phone },
    })),
    linked: linked && [...linked],
    pending,
  };
}

function describeGroup(world: World, group: Group): z.input<typeof GroupView> {
  const { jid, kind, subject, description, addressing, settings, inviteCode } = group;
  return {
    jid,
    kind,
    subject,
    description: description && { id: description.id, text: description.text, by: description.by?.phone },
    addressing: addressing === 'lid' ? 'lid' : 'pn',
    creator: group.creator?.phone,
    created: group.created,
    members: [...group.members].map(([account, role]) => ({ phone: account.phone, role })),
    settings: { ...settings },
    inviteCode,
    requests: [...group.requests].map(([account, { at, method }]) => ({ phone: account.phone, at, method })),
    invites: [...group.invites].map(([account, invite]) => ({
      phone: account.phone,
      code: invite.code,
      expiration: invite.expiration,
      by: invite.by.phone,
    })),
    parent: group.parent?.jid,
    subgroups: world.groups.subgroups(group).map(one => one.jid),
  };
}
