import type { Product } from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';

export interface CatalogPage {
  readonly products: readonly Product[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: string;
}

interface Asked {
  readonly jid: string;
  readonly limit: number;
  readonly after?: string;
}

/** A page of what a business sells. */
export const businessCatalog = ask({
  name: 'business-catalog',
  async run({ jid, limit, after }: Asked, { socket }): Promise<CatalogPage> {
    const { products, nextPageCursor } = await socket.getCatalog({
      jid,
      limit,
      ...(after !== undefined && { cursor: after }),
    });
    return { products, ...(nextPageCursor && { next: nextPageCursor }) };
  },
});
