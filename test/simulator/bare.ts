// A device of a simulator without Baileys, with what it was sent.
import type { TestContext } from 'node:test';
import { type BinaryNode, node, SERVER } from '../../src/simulator/wire/stanza.ts';
import { BareClient, type BareClientOptions } from '../support/bare-client.ts';

export function bareClient(
  t: TestContext,
  server: { readonly socketUrl: string },
  linked: BareClientOptions['linked'],
  options: Partial<BareClientOptions> = {},
) {
  const stanzas: BinaryNode[] = [];
  const onStanza = (stanza: BinaryNode) => void stanzas.push(stanza);
  const self = new BareClient({ socketUrl: server.socketUrl, linked, onStanza, ...options });
  t.after(() => self.end());
  /** What the server sent before it answered has come when it resolves. */
  const settled = () => self.query(node('iq', { to: SERVER, type: 'get', xmlns: 'w:p' }, [node('ping', {})]));
  return { self, stanzas, settled };
}
