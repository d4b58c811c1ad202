// Routes about calls: a person at a phone calls, takes a call, rejects it, hangs up.
import { z } from '@hono/zod-openapi';
import { personNamed } from '../accounts/naming.ts';
import { phoneOf } from '../accounts/phones.ts';
import { RINGS_MS } from '../calls/call-stanzas.ts';
import type { Call } from '../calls/calls.ts';
import { acceptCall, endCall, offerCall, rejectCall } from '../calls/signalling.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { OfPhone } from './fields.ts';
import { type AddRoute, shapes } from './route.ts';

const CallView = z.object({
  id: z.string(),
  from: z.string().openapi({ description: 'The number of the caller.' }),
  video: z.boolean(),
  group: z.string().optional(),
  at: z.number().openapi({ description: 'Unix seconds.' }),
  parties: z
    .record(z.string(), z.enum(['ringing', 'silenced', 'accepted', 'rejected', 'left']))
    .openapi({ description: 'By number; silenced: privacy or a block kept it away.' }),
  ended: z.string().optional().openapi({ description: 'timeout, rejected, hangup, …' }),
});

export const callShapes = shapes({
  call: {
    id: 'call',
    method: 'post',
    path: '/phones/{phone}/call',
    tag: 'calls',
    summary: 'The person calls a number, or everybody in a group',
    description:
      'Devices that are away get it when they are back, as a call that was missed. No sound passes. `notice` tells the devices of a call that they cannot take (`offer_notice`).',
    params: OfPhone,
    body: z.object({
      to: z.string().openapi({ description: 'A number, or a JID of a person or a group.' }),
      video: z.boolean().default(false),
      notice: z.boolean().default(false),
      timeoutMs: z.number().int().min(1).max(600_000).default(RINGS_MS),
      form: z
        .enum(['lid', 's.whatsapp.net'])
        .default('lid')
        .openapi({ description: 'How the caller is named.' }),
    }),
    results: CallView,
  },
  callAction: {
    id: 'callAction',
    method: 'post',
    path: '/phones/{phone}/calls/{id}',
    tag: 'calls',
    summary: 'The person takes, rejects or ends a call',
    params: OfPhone.extend({ id: z.string() }),
    body: z.object({ action: z.enum(['accept', 'reject', 'terminate']) }),
    results: CallView,
  },
  calls: {
    id: 'calls',
    method: 'get',
    path: '/calls',
    tag: 'calls',
    summary: 'The last calls, and how far each side is',
    results: z.array(CallView),
  },
});

export function callRoutes(add: AddRoute, world: World): void {
  add(callShapes.call, ({ params, body }) => {
    const { device, account } = phoneOf(world, params.phone);
    const group = world.groups.byJid(body.to);
    if (group && !group.members.has(account)) throw new Refused(409, `${params.phone} is not in ${body.to}`);
    const to = group ?? personNamed(world, body.to);
    if (to === account) throw new Refused(400, 'nobody calls oneself');
    return describeCall(offerCall(world, { ...body, to, caller: device }));
  });

  add(callShapes.callAction, ({ params: { phone, id }, body: { action } }) => {
    const { device, account } = phoneOf(world, phone);
    const call = world.calls.byId(id);
    if (!call || (call.caller !== account && !call.parties.has(account)))
      throw new Refused(404, `${phone} has no call ${id}`);
    const steps = {
      accept: () => acceptCall(world, call, device),
      reject: () => rejectCall(world, call, device),
      terminate: () => endCall(world, call, account, undefined, device),
    };
    if (!steps[action]())
      throw new Refused(409, `the call cannot be ${action}ed any more, or not by ${phone}`);
    return describeCall(call);
  });

  add(callShapes.calls, () => [...world.calls.all()].map(describeCall));
}

function describeCall(call: Call): z.input<typeof CallView> {
  return {
    id: call.id,
    from: call.caller.phone,
    video: call.video,
    ...(call.group && { group: call.group.jid }),
    at: call.at,
    parties: Object.fromEntries([...call.parties].map(([account, state]) => [account.phone, state])),
    ...(call.ended !== undefined && { ended: call.ended }),
  };
}
