// Routes about phones and contacts: make them, link clients to them, give them up.
import { z } from '@hono/zod-openapi';
import { type Account, accountJid, companionsOf, type Device, deviceJid } from '../accounts/accounts.ts';
import { unlink } from '../accounts/device-list.ts';
import { changeNumber } from '../accounts/number-change.ts';
import { ensureAccount, phoneOf, removePhone } from '../accounts/phones.ts';
import { renameOnPhone } from '../app-state/push-name.ts';
import { makeBusiness } from '../business/profile.ts';
import { scanQr } from '../linking/pairing.ts';
import { enterCode } from '../linking/pairing-code.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { Said } from './business-body.ts';
import { Done, done, OfPhone, Prefix } from './fields.ts';
import { type AddRoute, shapes } from './route.ts';

/** Made at once before others get their turn. */
const PORTION = 50;

const Linked = z.object({ phone: z.string(), jid: z.string(), lid: z.string() });
const PhoneView = Linked.extend({ name: z.string() });
const Name = z.string().min(1).max(100);
const NewPhones = z.object({
  phone: z.string().optional(),
  name: Name.optional(),
  business: Said.optional().openapi({ description: 'It is a business (`PUT /phones/{phone}/business`).' }),
  count: z.number().int().min(1).max(10_000).optional(),
  prefix: Prefix.optional(),
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
  sockets: {
    id: 'sockets',
    method: 'get',
    path: '/sockets',
    tag: 'linking',
    summary: 'Sockets that wait to be linked',
    description:
      'The QR code itself is not here: it holds a secret that only the client and the camera see. `phone` is set when the client asked for a pairing code.',
    results: z.array(
      z.object({ id: z.string(), pushName: z.string().optional(), phone: z.string().optional() }),
    ),
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
    summary: 'A new phone, or many; the one that there is when the number exists',
    description:
      'A contact is a phone without linked devices. With `count`, numbers are `<prefix>0001` and so on (new ones without a prefix), `{n}` in the name is the number’s place, and the answer is the first of them with all of them in `phones`.',
    body: NewPhones,
    results: PhoneView.extend({ phones: z.array(PhoneView).optional() }),
  },
  renamePhone: {
    id: 'renamePhone',
    method: 'patch',
    path: '/phones/{phone}',
    tag: 'phones',
    summary: 'Another name, which others see with the next message',
    params: OfPhone,
    body: z.object({ name: Name }),
    results: PhoneView,
  },
  changeNumber: {
    id: 'changeNumber',
    method: 'post',
    path: '/phones/{phone}/change-number',
    tag: 'phones',
    summary: 'The person takes another number: devices are unlinked, groups and those who know it are told',
    params: OfPhone,
    body: z.object({ to: z.string() }),
    results: PhoneView,
  },
  removePhone: {
    id: 'removePhone',
    method: 'delete',
    path: '/phones/{phone}',
    tag: 'phones',
    summary: 'The number is given up: its devices are unlinked, it leaves its groups, nobody has it any more',
    params: OfPhone,
    results: z.object({ removed: z.string() }),
  },
  forgetSessions: {
    id: 'forgetSessions',
    method: 'post',
    path: '/phones/{phone}/forget-sessions',
    tag: 'phones',
    summary:
      'The phone loses its Signal sessions, as one that was restored from an old backup, and asks again',
    description: 'All of them, or with the device whose JID is `with` only.',
    params: OfPhone,
    body: z.object({ with: z.string().optional() }),
    results: Done,
  },
});

export function phoneRoutes(add: AddRoute, world: World): void {
  add(phoneShapes.scanQr, async ({ text, query }) => describeLink(await scanQr(world, text, query.phone)));

  add(phoneShapes.scan, async ({ text, params }) => describeLink(await scanQr(world, text, params.phone)));

  add(phoneShapes.enterCode, async ({ params, body }) =>
    describeLink(await enterCode(world, params.phone, body.code)),
  );

  add(phoneShapes.sockets, () => world.desk.open);

  add(phoneShapes.unlink, ({ params, body }) => {
    const { account } = phoneOf(world, params.phone);
    const gone = companionsOf(account).filter(one => body.device === undefined || one.id === body.device);
    if (gone.length === 0) throw new Refused(404, 'no such linked device');
    for (const one of gone) unlink(world, one, 'device-removed');
    return { unlinked: gone.map(one => one.id) };
  });

  add(phoneShapes.phones, () =>
    [...world.accounts.all()].map(account => ({
      ...describePhone(account),
      devices: companionsOf(account).map(({ id }) => id),
    })),
  );

  add(phoneShapes.createPhone, async ({ body }) => {
    if (body.count === undefined) {
      const account = createPhone(world, body.phone, body.name);
      if (body.business) makeBusiness(world, account, body.business);
      return describePhone(account);
    }
    if (body.phone !== undefined) throw new Refused(400, 'phone names one; with count, give a prefix');
    const phones = await createPhones(world, body.count, body);
    return { ...phones[0]!, phones };
  });

  add(phoneShapes.renamePhone, ({ params, body }) => {
    const { account } = phoneOf(world, params.phone);
    renameOnPhone(world, account, body.name);
    return describePhone(account);
  });

  add(phoneShapes.changeNumber, ({ params, body }) => {
    const { account } = phoneOf(world, params.phone);
    changeNumber(world, account, body.to);
    return describePhone(account);
  });

  add(phoneShapes.removePhone, ({ params }) => {
    const { account } = phoneOf(world, params.phone);
    removePhone(world, account);
    return { removed: account.phone };
  });

  add(phoneShapes.forgetSessions, async ({ params, body }) => {
    const device = world.accounts.device(body.with);
    if (body.with !== undefined && !device) throw new Refused(404, `there is no device ${body.with}`);
    await phoneOf(world, params.phone).forgetSessions(device);
    return done;
  });
}

function createPhone(world: World, phone: string | undefined, name: string | undefined): Account {
  const account = ensureAccount(world, phone ?? world.accounts.freshPhone(), name);
  if (name !== undefined) renameOnPhone(world, account, name);
  return account;
}

/** Each has keys to make: in portions, so that connected clients notice nothing. */
export async function createPhones(
  world: World,
  count: number,
  { prefix, name }: { prefix?: string | undefined; name?: string | undefined },
) {
  const phones = [];
  for (let n = 1; n <= count && !world.stopped.aborted; n++) {
    const phone = prefix === undefined ? undefined : `${prefix}${String(n).padStart(4, '0')}`;
    phones.push(describePhone(createPhone(world, phone, name?.replaceAll('{n}', String(n)))));
    if (n % PORTION === 0) await new Promise<void>(resolve => setImmediate(resolve));
  }
  return phones;
}

function describeLink(device: Device): z.input<typeof Linked> {
  return { phone: device.account.phone, jid: deviceJid(device), lid: deviceJid(device, 'lid') };
}

function describePhone(account: Account): z.input<typeof PhoneView> {
  const { phone, name } = account;
  return { phone, jid: accountJid(account), lid: accountJid(account, 'lid'), name };
}
