// Routes that are a person with a phone: scan, type a code, send, read, answer, unlink.
import { Hono } from 'hono';
import { z } from 'zod';
import { unlink } from '../accounts/device-list.ts';
import { ensureAccount, phoneOf } from '../accounts/phones.ts';
import { describeLink, describePhone, scanQr } from '../linking/pairing.ts';
import { enterCode } from '../linking/pairing-code.ts';
import { Refused } from '../refused.ts';
import { type Jid, parseJid } from '../wire/jid.ts';
import type { World } from '../world.ts';
import { body } from './body.ts';

const NewPhone = z.object({ phone: z.string().optional(), name: z.string().min(1).max(100).optional() });
const Code = z.object({ code: z.string() });
const Send = z.object({
  to: z.string(),
  text: z.string().max(65_536),
  id: z.string().min(1).max(64).optional(),
});
const Read = z.object({ chat: z.string(), ids: z.array(z.string()).min(1) });
const Unlink = z.object({ device: z.number().int().positive().optional() });
const ScriptBody = z.object({
  reply: z.string().optional(),
  afterMs: z.number().int().min(0).max(600_000).optional(),
  reads: z.boolean().optional(),
});

export function phoneRoutes(world: World): Hono {
  const app = new Hono();

  app.post('/mock-phone/scan-qr', async context => {
    const device = await scanQr(world, await context.req.text(), context.req.query('phone'));
    return context.json(describeLink(device));
  });

  app.get('/phones', context => {
    const phones = [...world.accounts.all()].map(account => ({
      ...describePhone(account),
      devices: [...account.devices.keys()].filter(id => id !== 0),
    }));
    return context.json(phones);
  });

  app.post('/phones', async context => {
    const { phone, name } = await body(context, NewPhone);
    const account = ensureAccount(world, phone ?? world.accounts.freshPhone(), name);
    if (name !== undefined) {
      world.accounts.rename(account, name);
      // Companions hear of it only as app state, hence where there is any.
      const state = phoneOf(world, account.phone).appState;
      if (state.replica('critical_block').version > 0) state.ensurePushName();
    }
    return context.json(describePhone(account));
  });

  app.post('/phones/:phone/scan', async context => {
    const device = await scanQr(world, await context.req.text(), context.req.param('phone'));
    return context.json(describeLink(device));
  });

  app.post('/phones/:phone/enter-code', async context => {
    const { code } = await body(context, Code);
    return context.json(describeLink(await enterCode(world, context.req.param('phone'), code)));
  });

  app.post('/phones/:phone/send', async context => {
    const phone = phoneOf(world, context.req.param('phone'));
    const { to, text, id } = await body(context, Send);
    return context.json({ id: await phone.send(person(world, to), text, id) });
  });

  app.get('/phones/:phone/messages', async context => {
    const phone = phoneOf(world, context.req.param('phone'));
    await phone.idle();
    return context.json(phone.messages);
  });

  app.post('/phones/:phone/read', async context => {
    const phone = phoneOf(world, context.req.param('phone'));
    const { chat, ids } = await body(context, Read);
    await phone.read(person(world, chat), ids);
    return context.json({ ids });
  });

  app.post('/phones/:phone/unlink', async context => {
    const phone = phoneOf(world, context.req.param('phone'));
    const { device } = await body(context, Unlink);
    const companions = [...phone.account.devices.values()].filter(one => one.id !== 0);
    const gone = companions.filter(one => device === undefined || one.id === device);
    if (gone.length === 0) throw new Refused(404, 'no such linked device');
    for (const one of gone) unlink(world, one, 'device-removed');
    return context.json({ unlinked: gone.map(one => one.id) });
  });

  app.post('/phones/:phone/forget-sessions', async context => {
    await phoneOf(world, context.req.param('phone')).forgetSessions();
    return context.json({ ok: true });
  });

  app.put('/phones/:phone/script', async context => {
    const phone = phoneOf(world, context.req.param('phone'));
    phone.script = await body(context, ScriptBody);
    world.changed();
    return context.json(phone.script);
  });

  return app;
}

/** Digits or a JID, of somebody who exists. */
function person(world: World, to: string): Jid {
  const digits = to.replace(/^\+/, '');
  const jid = parseJid(/^\d+$/.test(digits) ? `${digits}@s.whatsapp.net` : to);
  if (!jid) throw new Refused(400, 'a person is named by digits or by a JID (@s.whatsapp.net or @lid)');
  if (!world.accounts.byUser(jid.user, jid.domain)) throw new Refused(404, `nobody has ${to}`);
  return { ...jid, device: 0 };
}
