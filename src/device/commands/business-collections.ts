import type { CatalogCollection } from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';

/** What a business sells, by the collections that it has made. */
export const businessCollections = ask({
  name: 'business-collections',
  async run(
    { jid, limit }: { readonly jid: string; readonly limit: number },
    { socket },
  ): Promise<readonly CatalogCollection[]> {
    return (await socket.getCollections(jid, limit)).collections;
  },
});
