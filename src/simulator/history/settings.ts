/** How history and app state travel. May be changed while the simulator runs. */
export interface SyncSettings {
  /** Large things are blobs on the media host, as on the real server. Clients must reach it: see the client options. */
  blobs: boolean;
  /** A chunk of history that is not larger stays in its notification all the same. Bytes, compressed. */
  inlineBytes: number;
  /** A patch of app state with more mutations has them in a blob. */
  externalMutations: number;
}

/** The defaults with what is given. */
export function syncSettings(given: Partial<SyncSettings> = {}): SyncSettings {
  return { blobs: false, inlineBytes: 16 * 1024, externalMutations: 100, ...given };
}
