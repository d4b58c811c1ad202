/** What WhatsApp tells of people by usync: of many in one request, each protocol one fact (Baileys WAUSync, whatsmeow user.go). */
import { type BinaryNode, getBinaryNodeChild, proto, USyncQuery, USyncUser } from '@whiskeysockets/baileys';
import type { Connection } from '../line/connection.ts';
import { textIn } from '../translate/nodes.ts';
import { noAnswer } from './whatsapp-failure.ts';

type Protocol = USyncQuery['protocols'][number];

const asked = (tag: string, attrs: Record<string, string> = {}): BinaryNode => ({ tag, attrs });

/** Whether a number has an account. WhatsApp may name it by another number than it was asked for (Brazil's ninth digit). */
const contact: Protocol = {
  name: 'contact',
  getQueryElement: () => asked('contact'),
  getUserElement: ({ phone }) => ({ tag: 'contact', attrs: {}, ...(phone && { content: phone }) }),
  parser: node => ({ known: node.attrs.type === 'in', asked: textIn(node) ?? '' }),
};

/** The id of the picture (whatsmeow user.go, parsePictureResponse); none where there is an error instead. */
const picture: Protocol = {
  name: 'picture',
  getQueryElement: () => asked('picture'),
  getUserElement: () => null,
  parser: ({ attrs }) => attrs.id ?? '',
};

/** The name that WhatsApp has certified for a business (whatsmeow user.go, parseVerifiedName). */
const business: Protocol = {
  name: 'business',
  getQueryElement: () => ({ ...asked('business'), content: [asked('verified_name')] }),
  getUserElement: () => null,
  parser: node => {
    const certificate = getBinaryNodeChild(node, 'verified_name')?.content;
    if (!(certificate instanceof Uint8Array)) return '';
    const { details } = proto.VerifiedNameCertificate.decode(certificate);
    return details ? (proto.VerifiedNameCertificate.Details.decode(details).verifiedName ?? '') : '';
  },
};

async function queried({ socket }: Connection, query: USyncQuery) {
  const found = await socket.executeUSyncQuery(query);
  if (!found) throw noAnswer();
  return found.list;
}

export interface Found {
  readonly known: boolean;
  /** As WhatsApp names the account. */
  readonly jid: string;
  readonly lid?: string;
}

/** Which of these numbers (digits) have an account, in one request. What WhatsApp does not mention has none. */
export async function findNumbers(
  connection: Connection,
  numbers: readonly string[],
): Promise<ReadonlyMap<string, Found>> {
  const query = new USyncQuery().withLIDProtocol();
  query.protocols.push(contact);
  for (const number of numbers) query.withUser(new USyncUser().withPhone(`+${number}`));
  const list = await queried(connection, query);
  return new Map(
    list.map(({ id, contact, lid }) => {
      const { known, asked } = (contact ?? {}) as { known?: boolean; asked?: string };
      const number = asked?.replace(/\D/g, '') || (id.split('@')[0] ?? '');
      return [number, { known: known === true, jid: id, ...(typeof lid === 'string' && lid && { lid }) }];
    }),
  );
}

export interface Person {
  readonly about: string;
  readonly aboutAt?: number;
  readonly pictureId: string;
  readonly verifiedName: string;
  /** The numbers of the account's devices; 0 is the phone. */
  readonly devices: readonly number[];
  readonly lid?: string;
}

/** What an account shows to us, all of it in one request. Whoever has no device is nobody. */
export async function findPerson(connection: Connection, jid: string): Promise<Person | undefined> {
  const query = new USyncQuery().withDeviceProtocol().withStatusProtocol().withLIDProtocol();
  query.protocols.push(picture, business);
  query.withUser(new USyncUser().withId(jid));
  const [found] = await queried(connection, query);
  if (!found) return undefined;
  const { devices, status, lid, picture: pictureId, business: verifiedName } = found;
  const { deviceList = [] } = (devices ?? {}) as { deviceList?: readonly { id: number }[] };
  if (deviceList.length === 0) return undefined;
  const { status: about, setAt } = (status ?? {}) as { status?: string | null; setAt?: Date };
  return {
    about: about ?? '',
    ...(about && setAt && setAt.getTime() > 0 && { aboutAt: setAt.getTime() }),
    pictureId: (pictureId as string | undefined) ?? '',
    verifiedName: (verifiedName as string | undefined) ?? '',
    devices: deviceList.map(({ id }) => id),
    ...(typeof lid === 'string' && lid && { lid }),
  };
}
