// The media host: what answers on https beside the socket. Clients build `https://<host><path>` and nothing else.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { World } from '../world.ts';
import { download } from './download.ts';
import { MediaRefused, sendJson } from './respond.ts';
import { Uploads } from './upload.ts';

/** Paths that are the media host's; the rest of a shared port is the control plane's. */
const MEDIA_PATH = /^\/(mms|newsletter|product|pps|v|m1)\/|^\/[\w-]{43}=?$/;

export class MediaHost {
  readonly #world: World;
  readonly #uploads: Uploads;
  readonly #busy = new Set<Promise<void>>();

  constructor(world: World) {
    this.#world = world;
    this.#uploads = new Uploads(world);
  }

  owns(request: IncomingMessage): boolean {
    return MEDIA_PATH.test(request.url?.split('?')[0] ?? '');
  }

  /** Never throws: what goes wrong is this request's answer, or the end of its connection. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const answered = this.#answer(request, response);
    this.#busy.add(answered);
    answered.finally(() => this.#busy.delete(answered));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {}); // the client is gone; pipeline and the upload's loop say so
    // Pages may show pictures and test uploads.
    response.setHeader('access-control-allow-origin', '*');
    try {
      await this.#route(request, response);
    } catch (error) {
      if (response.headersSent || response.destroyed) response.destroy();
      else if (error instanceof MediaRefused) sendJson(response, error.status, { error: error.message });
      else sendJson(response, 500, { error: 'the media host failed' });
    }
  }

  /** Call it once every connection is gone: what they were doing ends with them. */
  async close(): Promise<void> {
    await Promise.all(this.#busy);
    await this.#uploads.close();
    await this.#world.media.close();
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = `https://media${request.url}`;
    const url = URL.canParse(asked) ? new URL(asked) : undefined;
    if (url?.hostname !== 'media') throw new MediaRefused(400, 'not a path');
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return download(this.#world, request, response, url);
      case 'POST':
      case 'PUT':
        return this.#uploads.handle(request, response, url);
      case 'DELETE':
        return this.#uploads.remove(response, url);
      case 'OPTIONS':
        response.writeHead(204, {
          'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE',
          'access-control-allow-headers': '*',
        });
        response.end();
        return;
      default:
        throw new MediaRefused(405, 'GET, HEAD, POST, PUT or DELETE');
    }
  }
}
