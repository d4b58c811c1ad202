// How a Baileys client is pointed at a simulator: its socket, its uploads and its downloads.
import { Agent as HttpsAgent } from 'node:https';
import { Agent, Dispatcher } from 'undici';
import type { Simulator } from './server.ts';

/** For `makeWASocket`, to be spread into its config. */
export interface ClientOptions {
  readonly waWebSocketUrl: string;
  /** For the WebSocket, where that is wss. */
  readonly agent?: HttpsAgent;
  /** For uploads. */
  readonly fetchAgent: HttpsAgent;
  /** For downloads, which go through the global `fetch`. */
  readonly options: { readonly dispatcher: FetchDispatcher };
}

/** What this Node's `fetch` takes, by its own types: they are those of another undici than the one imported here. */
type FetchDispatcher = NonNullable<RequestInit['dispatcher']>;

/**
 * What a Baileys client needs to reach this simulator and to trust its https. History and app-state blobs name no host, so
 * Baileys asks WhatsApp's own for them (`https://mmg.whatsapp.net…`); these options send that to the simulator. Downloads
 * by hand take the same: `downloadMediaMessage(message, 'buffer', { options })`. The handshake's root key is not in here:
 * it is Baileys' own constant (`WA_CERT_DETAILS.PUBLIC_KEY`).
 */
export function clientOptions(
  simulator: Pick<Simulator, 'socketUrl' | 'mediaUrl' | 'caCertificate'>,
): ClientOptions {
  const ca = simulator.caCertificate;
  const agent = new HttpsAgent({ ca });
  return {
    waWebSocketUrl: simulator.socketUrl,
    // An https agent refuses a plain socket.
    ...(simulator.socketUrl.startsWith('wss:') && { agent }),
    fetchAgent: agent,
    options: { dispatcher: new SimulatorDispatcher(simulator.mediaUrl, ca) as object as FetchDispatcher },
  };
}

/** Sends what is meant for WhatsApp's hosts to the media host, and leaves the rest of the world alone. */
class SimulatorDispatcher extends Dispatcher {
  readonly #origin: string;
  readonly #port: string;
  readonly #simulator: Dispatcher;
  readonly #others: Dispatcher = new Agent();

  constructor(mediaUrl: string, ca: string) {
    super();
    const { origin, port } = new URL(mediaUrl);
    this.#origin = origin;
    this.#port = port;
    this.#simulator = new Agent({ connect: { ca } });
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { hostname, port } = new URL(String(options.origin));
    if (isWhatsApp(hostname)) return this.#simulator.dispatch({ ...options, origin: this.#origin }, handler);
    // The simulator may have several names; all of them have this port.
    const its = port !== '' && port === this.#port;
    return (its ? this.#simulator : this.#others).dispatch(options, handler);
  }

  override async close(): Promise<void> {
    await Promise.all([this.#simulator.close(), this.#others.close()]);
  }

  override async destroy(): Promise<void> {
    await Promise.all([this.#simulator.destroy(), this.#others.destroy()]);
  }
}

function isWhatsApp(hostname: string): boolean {
  return /(^|\.)whatsapp\.(net|com)$/.test(hostname);
}
