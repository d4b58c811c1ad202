/**
 * What WhatsApp says of a channel (whatsmeow types/newsletter.go; Baileys Types/Newsletter.ts). Of what it leaves out nothing
 * is said: Baileys fails on a channel without a picture after it was made (Socket/newsletter.ts,
 * parseNewsletterCreateResponse), so that a second try makes a second channel.
 */
import { type Json, textAt } from './mex.ts';

export interface ChannelText {
  readonly text: string;
  readonly id: string;
  /** Microseconds since 1970, as a text. */
  readonly updatedAt: string;
}

export interface ChannelPicture {
  readonly id: string;
  readonly type: string;
  readonly directPath: string;
  readonly url: string;
}

export interface Channel {
  readonly jid: string;
  /** ACTIVE, SUSPENDED, GEOSUSPENDED. */
  readonly state: string;
  /** Unix seconds, as a text. */
  readonly createdAt: string;
  readonly invite: string;
  readonly name: ChannelText;
  readonly description: ChannelText;
  readonly subscribers: string;
  readonly verification: string;
  readonly picture?: ChannelPicture;
  readonly preview?: ChannelPicture;
  /** Which reactions it allows: ALL, BASIC, NONE, BLOCKLIST. */
  readonly reactions: string;
  /** What it is to us; by an invite nobody is told. */
  readonly viewer?: { readonly mute: string; readonly role: string };
}

/** A channel as an answer has it. Throws where it has no JID. */
export function readChannel(told: Json): Channel {
  const jid = textAt(told, 'id');
  if (!jid?.endsWith('@newsletter')) throw new Error('a channel without a JID');
  const thread = (...path: string[]) => textAt(told, 'thread_metadata', ...path) ?? '';
  const texts = (name: string) => ({
    text: thread(name, 'text'),
    id: thread(name, 'id'),
    updatedAt: thread(name, 'update_time'),
  });
  const [picture, preview] = [pictureIn(told, 'picture'), pictureIn(told, 'preview')];
  const role = textAt(told, 'viewer_metadata', 'role');
  return {
    jid,
    state: textAt(told, 'state', 'type') ?? '',
    createdAt: thread('creation_time'),
    invite: thread('invite'),
    name: texts('name'),
    description: texts('description'),
    subscribers: thread('subscribers_count'),
    verification: thread('verification'),
    ...(picture && { picture }),
    ...(preview && { preview }),
    reactions: thread('settings', 'reaction_codes', 'value'),
    ...(role !== undefined && { viewer: { role, mute: textAt(told, 'viewer_metadata', 'mute') ?? '' } }),
  };
}

function pictureIn(told: Json, name: string): ChannelPicture | undefined {
  const part = (field: string) => textAt(told, 'thread_metadata', name, field) ?? '';
  const [id, directPath] = [part('id'), part('direct_path')];
  return id === '' && directPath === ''
    ? undefined
    : { id, type: part('type'), directPath, url: part('url') };
}
