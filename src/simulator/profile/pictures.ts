// xmlns `w:profile:picture`: of people, groups and channels (protocol.md 5.3; Baileys chats.ts, whatsmeow user.go).
import { type Account, accountJid } from '../accounts/accounts.ts';
import { accountSync, notify } from '../delivery/notify.ts';
import type { Group } from '../groups/groups.ts';
import { mayEdit } from '../groups/rules.ts';
import { type Answer, atOnce, IqError, type Later } from '../stanzas/request.ts';
import { type BinaryNode, bytes, child, children, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { acquaintances } from './audience.ts';
import { allows } from './privacy.ts';
import type { Picture } from './profiles.ts';
import { isStranger } from './trust-tokens.ts';

/** WhatsApp shrinks pictures to 640 pixels; nothing real comes near. */
const MAX_BYTES = 2 * 1024 * 1024;

const get: Answer = ({ world, device, iq, content }) => {
  const target = iq.attrs.target ?? accountJid(device.account);
  const type = content?.attrs.type ?? 'preview';
  if (type !== 'preview' && type !== 'image') throw new IqError(400);
  const picture = visiblePicture(world, device.account, target, bytes(child(content, 'tctoken')));
  if (!picture) throw new IqError(404);
  // The client has this one already (whatsmeow GetProfilePictureInfo, `ExistingID`).
  if (content?.attrs.id === picture.id) return [node('picture', { status: '304' })];
  return [pictureNode(world, picture, type)];
};

/**
 * Of a community's groups, asked of the community (whatsmeow GetProfilePictureInfo, `IsCommunity`), or of any groups,
 * asked of the server (whatsapp-rust GetGroupProfilePicturesIq). Those that may not be seen are as good as none.
 */
const getOfGroups: Answer = ({ world, device, content }) => {
  const pictures = children(content, 'picture').map(asked => {
    const name = asked.attrs.jid === undefined ? 'parent_group_jid' : 'jid';
    const target = asked.attrs[name];
    const seen = world.groups.byJid(target)?.members.has(device.account);
    const picture = seen && target !== undefined ? world.groupPictures.get(target) : undefined;
    if (!picture) return node('picture', { [name]: target, status: '204' });
    const shown = pictureNode(world, picture, asked.attrs.type ?? 'preview');
    return { ...shown, attrs: { ...shown.attrs, [name]: target ?? '' } };
  });
  return [node('pictures', {}, pictures)];
};

const set: Answer = ({ world, device, iq, content, after }) => {
  const image = children(iq, 'picture').find(one => one.attrs.type !== 'preview') ?? content;
  const given = bytes(image);
  if (content && !given?.length) throw new IqError(400);
  if (given && given.length > MAX_BYTES) throw new IqError(406);
  const target = iq.attrs.target;
  const group = world.groups.byJid(target);
  const own = target === undefined || world.accounts.byJid(target) === device.account;
  if (!own && !group) throw new IqError(403);
  const picture = group
    ? setGroupPicture(world, group, device.account, given, after)
    : setPicture(world, device.account, given, after);
  return picture ? [node('picture', { id: picture.id })] : [];
};

/** Sets or, without bytes, removes a person's picture, and tells those who may see it. */
export function setPicture(
  world: World,
  account: Account,
  given: Buffer | undefined,
  later: Later = atOnce,
): Picture | undefined {
  const profile = world.profiles.of(account);
  const picture = given && world.profiles.makePicture(given, profile.picture);
  if (!picture) world.profiles.dropPicture(profile.picture);
  profile.picture = picture;
  world.changed();
  later(() => {
    const jid = accountJid(account);
    const change = changeNode(picture, { jid, author: jid });
    // One's own devices hear of it too, the one that set it included (whatsapp-rust tests/e2e/tests/profile_picture.rs).
    notify(world, account, { from: jid, type: 'picture' }, [change]);
    accountSync(world, account, node('picture', {}));
    for (const viewer of acquaintances(world, account)) {
      if (allows(world, account, viewer, 'profile'))
        notify(world, viewer, { from: jid, type: 'picture' }, [change]);
    }
  });
  return picture;
}

/** As {@link setPicture}, of a group. Throws {@link IqError} 401 for who is no member, 403 where only admins may. */
export function setGroupPicture(
  world: World,
  group: Group,
  by: Account,
  given: Buffer | undefined,
  later: Later = atOnce,
): Picture | undefined {
  if (!group.members.has(by)) throw new IqError(401);
  if (!mayEdit(group, by)) throw new IqError(403);
  const before = world.groupPictures.get(group.jid);
  const picture = given && world.profiles.makePicture(given, before);
  if (picture) world.groupPictures.set(group.jid, picture);
  else {
    world.profiles.dropPicture(before);
    world.groupPictures.delete(group.jid);
  }
  world.changed();
  later(() => {
    const author = accountJid(by, group.addressing);
    const attrs = { from: group.jid, type: 'picture', participant: author };
    const change = changeNode(picture, { jid: group.jid, author });
    for (const member of group.members.keys()) notify(world, member, attrs, [change]);
  });
  return picture;
}

// `jid` is what whatsmeow requires, `hash` what Baileys falls back to when `from` were missing.
function changeNode(picture: Picture | undefined, who: { jid: string; author: string }): BinaryNode {
  return picture ? node('set', { id: picture.id, hash: picture.hash, ...who }) : node('delete', who);
}

/** The picture of a person, group or channel as `viewer` may see it. Throws {@link IqError} 401 when it may not. */
function visiblePicture(
  world: World,
  viewer: Account,
  target: string,
  token: Buffer | undefined,
): Picture | undefined {
  const group = world.groups.byJid(target);
  if (group) {
    if (!group.members.has(viewer)) throw new IqError(401);
    return world.groupPictures.get(group.jid);
  }
  const channel = world.channels.byJid(target);
  if (channel) return channel.picture;
  const owner = world.accounts.byJid(target);
  if (!owner) throw new IqError(404);
  if (!allows(world, owner, viewer, 'profile') || isStranger(world, owner, viewer, token))
    throw new IqError(401);
  return world.profiles.of(owner).picture;
}

function pictureNode(world: World, picture: Picture, type: string): BinaryNode {
  const path = `/pictures/${picture.id}`;
  return node('picture', {
    id: picture.id,
    type,
    url: `${world.origin}${path}`,
    direct_path: path,
    hash: picture.hash,
  });
}

export const pictureIqs: Readonly<Record<string, Answer>> = {
  'w:profile:picture/get/picture': get,
  'w:profile:picture/set/picture': set,
  'w:profile:picture/set/': set,
  'w:g2/get/pictures': getOfGroups,
};
