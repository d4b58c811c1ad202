import {
  type BinaryNode,
  getBinaryNodeChild,
  isLidUser,
  isPnUser,
  S_WHATSAPP_NET,
} from '@whiskeysockets/baileys';
import { Failure } from '../../errors.ts';
import { ask } from '../asking/command.ts';
import { whatsappFailure } from '../asking/whatsapp-failure.ts';
import { bare } from '../jid.ts';
import type { Connection } from '../line/connection.ts';

export interface Avatar {
  readonly url: string;
  readonly id: string;
  readonly type: string;
}

interface Asked {
  readonly jid: string;
  readonly preview: boolean;
  /** The picture of a community is its group's, asked for in another way (whatsmeow user.go, GetProfilePictureInfo). */
  readonly community: boolean;
}

/** Where the picture of a person, a group or a channel can be fetched. Baileys' own drops the id and the type. */
export const userAvatar = ask({
  name: 'user-avatar',
  async run({ jid, preview, community }: Asked, connection): Promise<Avatar> {
    const type = preview ? 'preview' : 'image';
    const node = await (community ? ofCommunity : ofAnybody)(connection, jid, type).catch(
      (cause: unknown) => {
        const failure = whatsappFailure(cause, connection);
        if (failure.code === 'WA_FORBIDDEN')
          throw new Failure('WA_FORBIDDEN', 'The picture is not shown to this account.', { cause });
        throw failure.code === 'WA_NOT_FOUND' ? none(cause) : failure;
      },
    );
    const { url, id = '', type: given = type } = node?.attrs ?? {};
    if (!url) throw none();
    return { url, id, type: given };
  },
});

const none = (cause?: unknown) => new Failure('WA_NOT_FOUND', 'There is no picture.', { cause });

async function ofAnybody(connection: Connection, jid: string, type: string): Promise<BinaryNode | undefined> {
  const token = await tokenOf(connection, jid);
  const answer: BinaryNode = await connection.socket.query({
    tag: 'iq',
    attrs: { target: jid, to: S_WHATSAPP_NET, type: 'get', xmlns: 'w:profile:picture' },
    content: [{ tag: 'picture', attrs: { type, query: 'url' }, ...(token && { content: [token] }) }],
  });
  return getBinaryNodeChild(answer, 'picture');
}

async function ofCommunity(
  { socket }: Connection,
  jid: string,
  type: string,
): Promise<BinaryNode | undefined> {
  const answer: BinaryNode = await socket.query({
    tag: 'iq',
    attrs: { to: jid, type: 'get', xmlns: 'w:g2' },
    content: [
      {
        tag: 'pictures',
        attrs: {},
        content: [{ tag: 'picture', attrs: { parent_group_jid: jid, type, query: 'url' } }],
      },
    ],
  });
  return getBinaryNodeChild(getBinaryNodeChild(answer, 'pictures'), 'picture');
}

/**
 * The other side's token, which some demand before they show their picture. Not for ourselves: the server never answers
 * then (Socket/chats.js, profilePictureUrl).
 */
async function tokenOf({ socket }: Connection, jid: string): Promise<BinaryNode | undefined> {
  const { authState, serverProps, signalRepository } = socket;
  const { me } = authState.creds;
  if (!serverProps.profilePicPrivacyToken || !(isPnUser(jid) || isLidUser(jid))) return undefined;
  if (jid === bare(me?.id) || jid === bare(me?.lid)) return undefined;
  const lid = isLidUser(jid) ? jid : await signalRepository.lidMapping.getLIDForPN(jid);
  const name = bare(lid ?? jid);
  const { [name]: kept } = await authState.keys.get('tctoken', [name]);
  return kept?.token.length ? { tag: 'tctoken', attrs: {}, content: kept.token } : undefined;
}
