/**
 * Where files are. WhatsApp's clients know its media hosts by name; a node that connects to another server finds them
 * there. What a message says of a host is never believed: its sender wrote that.
 */
import { Agent, Dispatcher } from 'undici';
import type { Whatsapp } from './socket.ts';

/** Any of WhatsApp's media hosts has every file (whatsmeow download.go; Baileys Utils/messages-media.js, DEF_MEDIA_HOST). */
export const MEDIA_ORIGIN = 'https://mmg.whatsapp.net';

const known = new WeakMap<Whatsapp, Dispatcher>();

/** The connections to media hosts of one thread. */
export function mediaDispatcher(whatsapp: Whatsapp): Dispatcher {
  const found = known.get(whatsapp) ?? make(whatsapp);
  known.set(whatsapp, found);
  return found;
}

function make(whatsapp: Whatsapp): Dispatcher {
  const { ca } = whatsapp;
  return ledBy(whatsapp, new Agent({ ...(ca !== undefined && { connect: { ca } }) }));
}

/** The same connections, to where the media hosts of this server are. */
export function ledBy({ mediaUrl }: Whatsapp, agent: Agent): Dispatcher {
  return mediaUrl === undefined ? agent : new Elsewhere(agent, new URL(mediaUrl).origin);
}

/** Leads what is meant for WhatsApp's hosts to another server, as a line in /etc/hosts would. */
class Elsewhere extends Dispatcher {
  readonly #agent: Agent;
  readonly #origin: string;

  constructor(agent: Agent, origin: string) {
    super();
    this.#agent = agent;
    this.#origin = origin;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { hostname } = new URL(String(options.origin));
    const its = /(^|\.)whatsapp\.(net|com)$/.test(hostname);
    return this.#agent.dispatch(its ? { ...options, origin: this.#origin } : options, handler);
  }

  override close(): Promise<void> {
    return this.#agent.close();
  }

  override destroy(): Promise<void> {
    return this.#agent.destroy();
  }
}
