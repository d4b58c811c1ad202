/** Where sealed values live: what is authenticated with each, so that one that was copied to another row does not open there. */
export const places = {
  key: (no: number, kind: string, id: string) => `signal_key/${no}/${kind}/${id}`,
  credentials: (no: number) => `credentials/${no}`,
  stanza: (no: number, hash: Buffer) => `inbox.stanza/${no}/${hash.toString('hex')}`,
  plaintext: (no: number, hash: Buffer) => `inbox.plaintext/${no}/${hash.toString('hex')}`,
  outgoing: (no: number, id: string) => `outgoing/${no}/${id}`,
  settings: (no: number) => `device_settings/${no}`,
};
