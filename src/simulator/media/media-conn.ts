// xmlns `w:m`: where to upload and download, and with which token (protocol.md 12).
import type { Answer } from '../stanzas/request.ts';
import { node } from '../wire/stanza.ts';
import { AUTH_TTL_SECONDS, issueAuth } from './auth.ts';
import { MAX_UPLOAD } from './upload.ts';

/** Seconds after which a client asks again. */
const ROUTE_TTL_SECONDS = 300;
const MAX_BUCKETS = 12;

/**
 * Every attribute and child that clients read: whatsmeow mediaconn.go needs auth, ttl, auth_ttl, max_buckets and each
 * hostname; whatsapp-rust wacore/src/iq/mediaconn.rs sorts by type and reads fallback_hostname and the children.
 */
const mediaConn: Answer = ({ world, device }) => {
  const { hosts, budget } = world.media;
  const limit = String(Math.min(MAX_UPLOAD, budget));
  const fallback = hosts[1];
  const listed = hosts.map((hostname, index) => {
    const attrs = {
      hostname,
      type: index === 0 ? 'primary' : 'fallback',
      fallback_hostname: index === 0 ? fallback : undefined,
      maxContentLengthBytes: limit,
    };
    return node('host', attrs, [node('upload', {}), node('download', {})]);
  });
  const attrs = {
    auth: issueAuth(world, device),
    ttl: String(ROUTE_TTL_SECONDS),
    auth_ttl: String(AUTH_TTL_SECONDS),
    max_buckets: String(MAX_BUCKETS),
  };
  return [node('media_conn', attrs, listed)];
};

export const mediaIqs: Readonly<Record<string, Answer>> = { 'w:m': mediaConn };
