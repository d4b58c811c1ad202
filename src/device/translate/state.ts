/** What is told of the device itself and of what it sends. */
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { Draft } from '../../journal/event.ts';
import { mask } from '../../lib/logger.ts';
import type { Complaint, Pairing } from '../../shard/protocol.ts';
import { bare } from '../jid.ts';
import type { Fields } from './read.ts';

/** What has become of a message whose sending nobody waited for any more. */
export function fromStatus(
  id: string,
  chat: string,
  status: string,
  reason: string | undefined,
  at: number,
): Draft {
  const payload = {
    id,
    chat_id: bare(chat),
    status,
    ...(reason && { reason }),
    timestamp: new Date(at).toISOString(),
  };
  return { event: 'message.status', at, identity: `${id} ${status}`, payload };
}

/** A change of the device itself. */
export function fromState(state: string, reason: string | undefined, at: number): Draft {
  return {
    event: 'device.state',
    at,
    payload: { state, ...(reason && { reason }), timestamp: new Date(at).toISOString() },
  };
}

/** What links the device, for the moment. Whoever reads it can link a phone: it is for those who ask for it by name. */
export function fromPairing(pairing: Pairing, phone: string, at: number): Draft {
  const times = {
    expires_at: new Date(pairing.until).toISOString(),
    timestamp: new Date(at).toISOString(),
  };
  return pairing.by === 'qr'
    ? { event: 'device.qr', at, payload: { qr: pairing.qr, ...times } }
    : { event: 'device.pairing_code', at, payload: { code: hyphened(pairing.code), phone, ...times } };
}

/** As phones show the field for it, and as the API answers it. */
const hyphened = (code: string) => code.replace(/^(\w{4})(\w{4})$/, '$1-$2');

/** The device is not well any more, or well again. */
export function fromHealth(
  event: 'degraded' | 'recovered',
  complaints: readonly Complaint[],
  at: number,
): Draft {
  const reasons = complaints.map(({ code, text }) => ({ code, text }));
  const timestamp = new Date(at).toISOString();
  return event === 'degraded'
    ? { event: 'device.degraded', at, payload: { reasons, timestamp } }
    : { event: 'device.recovered', at, payload: { timestamp } };
}

/** The file of a message is there, or cannot be had. */
export function fromMedia(event: 'media.ready' | 'media.failed', about: Fields, at: number): Draft {
  return { event, at, payload: { ...about, timestamp: new Date(at).toISOString() } };
}

/** A stanza of which nothing can be told. It is told once, however often it comes. */
export function fromPoison({ tag, attrs }: BinaryNode, reason: string, now: number): Draft {
  const { id = '', from = '', participant = '' } = attrs;
  const identity = JSON.stringify([tag, from, participant, id]);
  return {
    event: 'event.unparsed',
    at: now,
    identity,
    payload: { event: tag, reason: mask(reason), ...(id && { id }) },
  };
}
