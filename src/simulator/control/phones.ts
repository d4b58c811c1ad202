// Routes that are a person with a phone: scan, type a code, send, read, answer, unlink.
import { z } from '@hono/zod-openapi';
import { unlink } from '../accounts/device-list.ts';
import { ensureAccount, phoneOf } from '../accounts/phones.ts';
import { describeLink, describePhone, scanQr } from '../linking/pairing.ts';
import { enterCode } from '../linking/pairing-code.ts';
import { Refused } from '../refused.ts';
import { type Jid, parseJid } from '../wire/jid.ts';
import type { World } from '../world.ts';
import { type AddRoute, shapes } from './route.ts';

export const OfPhone = z.object({
  phone: z.string().openapi({ description: 'Its number: digits, country code first.', example: '15550009' }),
});
const Linked = z.object({ phone: z.string(), jid: z.string(), lid: z.string() });
const PhoneView = Linked.extend({ name: z.string() });
const Script = z.object({
  reply: z.string().optional(),
  afterMs: z.number().int().min(0).max(600_000).optional(),
  reads: z.boolean().optional(),
});

export const phoneShapes = shapes({
  scanQr: {
    id: 'scanQr',
    method: 'post',
    path: '/mock-phone/scan-qr',
    tag: 'linking',
    summary: 'A phone scans the QR code whose text is the body',
    description:
      "The phone: the one in the query; else the client's push name where that is a number; else the account of that push name; else a new one.",
    query: z.object({ phone: z.string().optional() }),
    raw: 'text',
    results: Linked,
  },
  scan: {
    id: 'scan',
    method: 'post',
    path: '/phones/{phone}/scan',
    tag: 'linking',
    summary: 'This phone scans the QR code whose text is the body; it is made when it does not exist',
    params: OfPhone,
    raw: 'text',
    results: Linked,
  },
  enterCode: {
    id: 'enterCode',
    method: 'post',
    path: '/phones/{phone}/enter-code',
    tag: 'linking',
    summary: 'The person types the code that a client shows; waits 5 s for a client that asked for one',
    params: OfPhone,
    body: z.object({ code: z.string() }),
    results: Linked,
  },
  unlink: {
    id: 'unlink',
    method: 'post',
    path: '/phones/{phone}/unlink',
    tag: 'linking',
    summary: 'The person unlinks one companion, or all',
    params: OfPhone,
    body: z.object({ device: z.number().int().positive().optional() }),
    results: z.object({ unlinked: z.array(z.number()) }),
  },
  phones: {
    id: 'phones',
    method: 'get',
    path: '/phones',
    tag: 'phones',
    summary: 'Every phone, and the ids of its linked devices',
    results: z.array(PhoneView.extend({ devices: z.array(z.number()) })),
  },
  createPhone: {
    id: 'createPhone',
    method: 'post',
    path: '/phones',
    tag: 'phones',
    summary: 'A new phone; the one that there is when the number exists',
    body: z.object({ phone: z.string().optional(), name: z.string().min(1).max(100).optional() }),
    results: PhoneView,
  },
  forgetSessions: {
    id: 'forgetSessions',
    method: 'post',
    path: '/phones/{phone}/forget-sessions',
    tag: 'phones',
    summary:
      'The phone loses its Signal sessions, as one that was restored from an old backup, and asks again',
    params: OfPhone,
    results: z.object({ ok: z.literal(true) }),
  },
  send: {
    id: 'send',
    method: 'post',
    path: '/phones/{phone}/send',
    tag: 'messages',
    summary: 'Sends as this phone; answers once every copy is on its way',
    params: OfPhone,
    body: z.object({
      to: z.string(),
      text: z.string().max(65_536),
      id: z.string().min(1).max(64).optional(),
    }),
    results: z.object({ id: z.string() }),
  },
  messages: {
    id: 'messages',
    method: 'get',
    path: '/phones/{phone}/messages',
    tag: 'messages',
    summary: 'What this phone sees, decrypted, in order',
    params: OfPhone,
    results: z.array(
      z.object({
        id: z.string(),
        chat: z.string(),
        from: z.string(),
        fromMe: z.boolean(),
        text: z.string(),
        type: z.string(),
        timestamp: z.number(),
      }),
    ),
  },
  read: {
    id: 'read',
    method: 'post',
    path: '/phones/{phone}/read',
    tag: 'messages',
    summary: 'The person reads these messages of a chat',
    params: OfPhone,
    body: z.object({ chat: z.string(), ids: z.array(z.string()).min(1).max(1_000) }),
    results: z.object({ ids: z.array(z.string()) }),
  },
  script: {
    id: 'script',
    method: 'put',
    path: '/phones/{phone}/script',
    tag: 'phones',
    summary: 'What this phone does by itself from now on',
    params: OfPhone,
    body: Script,
    results: Script,
  },
});

export function phoneRoutes(add: AddRoute, world: World): void {
  add(phoneShapes.scanQr, async ({ text, query }) => describeLink(await scanQr(world, text, query.phone)));

  add(phoneShapes.scan, async ({ text, params }) => describeLink(await scanQr(world, text, params.phone)));

  add(phoneShapes.enterCode, async ({ params, body }) =>
    describeLink(await enterCode(world, params.phone, body.code)),
  );

  add(phoneShapes.unlink, ({ params, body }) => {
    const { account } = phoneOf(world, params.phone);
    const companions = [...account.devices.values()].filter(one => one.id !== 0);
    const gone = companions.filter(one => body.device === undefined || one.id === body.device);
    if (gone.length === 0) throw new Refused(404, 'no such linked device');
    for (const one of gone) unlink(world, one, 'device-removed');
    return { unlinked: gone.map(one => one.id) };
  });

  add(phoneShapes.phones, () =>
    [...world.accounts.all()].map(account => ({
      ...describePhone(account),
      devices: [...account.devices.keys()].filter(id => id !== 0),
    })),
  );

  add(phoneShapes.createPhone, ({ body: { phone, name } }) => {
    const account = ensureAccount(world, phone ?? world.accounts.freshPhone(), name);
    if (name !== undefined) world.accounts.rename(account, name);
    return describePhone(account);
  });

  add(phoneShapes.forgetSessions, async ({ params }) => {
    await phoneOf(world, params.phone).forgetSessions();
    return { ok: true } as const;
  });

  add(phoneShapes.send, async ({ params, body: { to, text, id } }) => {
    const phone = phoneOf(world, params.phone);
    return { id: await phone.send(person(world, to), text, id) };
  });

  add(phoneShapes.messages, async ({ params }) => {
    const phone = phoneOf(world, params.phone);
    await phone.idle();
    return phone.messages;
  });

  add(phoneShapes.read, async ({ params, body: { chat, ids } }) => {
    await phoneOf(world, params.phone).read(person(world, chat), ids);
    return { ids };
  });

  add(phoneShapes.script, ({ params, body }) => {
    const phone = phoneOf(world, params.phone);
    phone.script = body;
    world.changed();
    return phone.script;
  });
}

/** Digits or a JID, of somebody who exists. */
function person(world: World, to: string): Jid {
  const digits = to.replace(/^\+/, '');
  const jid = parseJid(/^\d+$/.test(digits) ? `${digits}@s.whatsapp.net` : to);
  if (!jid) throw new Refused(400, 'a person is named by digits or by a JID (@s.whatsapp.net or @lid)');
  if (!world.accounts.byUser(jid.user, jid.domain)) throw new Refused(404, `nobody has ${to}`);
  return { ...jid, device: 0 };
}
