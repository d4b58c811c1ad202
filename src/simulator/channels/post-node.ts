// A post as `<message>`: in lists, in live updates (whatsmeow parseNewsletterMessages), and on its way to a follower.
import { type BinaryNode, node } from '../wire/stanza.ts';
import { type Post, reactionCounts } from './channels.ts';

/** In a list. Updates carry no `plaintext`. */
export function postNode(post: Post, how: { plaintext: boolean; isSender?: boolean }): BinaryNode {
  const reactions = [...reactionCounts(post)].map(([code, count]) =>
    node('reaction', { code, count: String(count) }),
  );
  return node('message', { ...postAttrs(post), is_sender: how.isSender ? 'true' : undefined }, [
    ...(how.plaintext ? [plaintextNode(post)] : []),
    node('views_count', { count: String(post.views.size) }),
    node('reactions', {}, reactions),
    ...metaNodes(post),
  ]);
}

/** To a follower's device. */
export function deliveredPost(channel: string, post: Post, isSender: boolean): BinaryNode {
  return node('message', { ...postAttrs(post), from: channel, is_sender: isSender ? 'true' : undefined }, [
    plaintextNode(post),
    ...metaNodes(post),
  ]);
}

function postAttrs(post: Post): Record<string, string | undefined> {
  const edit = post.deleted ? '8' : post.editedAt === undefined ? undefined : '3';
  return { id: post.id, server_id: String(post.serverId), t: String(post.t), type: post.type, edit };
}

function plaintextNode(post: Post): BinaryNode {
  return node('plaintext', { mediatype: post.mediaType }, post.content);
}

// whatsmeow message.go reads the times of an edit here.
function metaNodes(post: Post): BinaryNode[] {
  if (post.editedAt === undefined) return [];
  return [node('meta', { msg_edit_t: String(post.editedAt * 1000), original_msg_t: String(post.t) })];
}
