/** What a client sent is not a stanza, or not one that may be sent now: its connection ends, no other. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
