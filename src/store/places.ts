/** Where sealed values live: what is authenticated with each, so that one that was copied to another row does not open there. */
export const places = {
  key: (no: number, kind: string, id: string) => `signal_key/${no}/${kind}/${id}`,
  credentials: (no: number) => `credentials/${no}`,
  stanza: (no: number, hash: Buffer) => `inbox.stanza/${no}/${hash.toString('hex')}`,
  plaintext: (no: number, hash: Buffer) => `inbox.plaintext/${no}/${hash.toString('hex')}`,
  answer: (id: Buffer) => `idempotency/${id.toString('hex')}`,
  outgoing: (no: number, id: string) => `outgoing/${no}/${id}`,
  settings: (no: number) => `device_settings/${no}`,
  label: (no: number, id: string) => `label/${no}/${id}`,
  // Not the chat, nor the sender: both get another name when a person's number becomes known.
  said: (no: number, id: string) => `chat_message.said/${no}/${id}`,
  message: (no: number, id: string) => `chat_message.message/${no}/${id}`,
  reaction: (no: number, id: string) => `chat_reaction/${no}/${id}`,
  chatAnswer: (no: number, id: string) => `chat_answer/${no}/${id}`,
  chatName: (no: number, jid: string) => `chat/${no}/${jid}`,
  /** Its row may come to stand under another JID: what is sealed begins with the JID that it came for. */
  contact: (no: number, name: 'name' | 'push_name' | 'business_name') => `contact.${name}/${no}`,
};
