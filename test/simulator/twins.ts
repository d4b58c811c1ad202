// Two companions of one account, as app state needs them.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Client, linkedClients, type Server } from './client.ts';

/** What Baileys verifies only when it is told to. */
export const STRICT = { appStateMacVerification: { patch: true, snapshot: true } };

/** Both open; with the number of their phone. */
export async function twins(t: TestContext, server: Server): Promise<[Client, Client, string]> {
  const request = { count: 1, prefix: '70' };
  const [first] = await linkedClients(t, server, request, STRICT);
  const [second] = await linkedClients(t, server, request, STRICT);
  assert.ok(first && second && first.phone === second.phone);
  return [first, second, first.phone];
}
