// A node whose devices act over HTTP: `ana.post('/group', …)`.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Answer } from './calls.ts';
import { startNode, type TestNode, type TestNodeOptions } from './node.ts';
import type { Seeded } from './seed.ts';

export interface Actor extends Seeded {
  /** As gowa's clients get it: the number without a device. */
  readonly number: string;
  /** Without a device. */
  readonly bareLid: string;
  post<T>(path: string, body?: unknown): Promise<Answer<T>>;
  get<T>(path: string, query?: Record<string, string>): Promise<Answer<T>>;
  delete<T>(path: string, query?: Record<string, string>): Promise<Answer<T>>;
  /** As a form, which knows only texts and lists of them. */
  form<T>(path: string, fields: Record<string, string | readonly string[]>): Promise<Answer<T>>;
}

export async function startActors(
  t: TestContext,
  devices: number,
  options: TestNodeOptions = {},
): Promise<{ node: TestNode; actors: Actor[] }> {
  const node = await startNode(t, { workers: 1, ...options, devices });
  await node.opened();
  const actors = node.seeded.map((seeded): Actor => {
    const headers = { 'X-Device-Id': seeded.id };
    const queried = (path: string, query: Record<string, string> = {}) =>
      `${path}?${new URLSearchParams(query)}`;
    return {
      ...seeded,
      number: `${seeded.phone}@s.whatsapp.net`,
      bareLid: `${seeded.lid.split(/[:@]/)[0]}@lid`,
      post: (path, body = {}) => node.api('POST', path, body, headers),
      get: (path, query) => node.api('GET', queried(path, query), undefined, headers),
      delete: (path, query) => node.api('DELETE', queried(path, query), undefined, headers),
      form: async <T>(path: string, fields: Record<string, string | readonly string[]>) => {
        const form = new FormData();
        for (const [name, value] of Object.entries(fields))
          for (const one of [value].flat()) form.append(name, one);
        const response = await fetch(new URL(path, node.node.url), { method: 'POST', headers, body: form });
        const body = (await response.json()) as Answer<T>['body'];
        return { status: response.status, headers: response.headers, body };
      },
    };
  });
  return { node, actors };
}

/** What a good answer has. */
export function results<T>(answer: Answer<T>): T {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.results as T;
}

/** How an answer refuses. */
export const refusal = ({ status, body }: Answer): [number, string] => [status, body.code];

/** What became of one of the people that a request named. */
export interface Outcome {
  readonly participant: string;
  readonly status: string;
  readonly message: string;
}

/** Who, by number, and what became of them. */
export const brief = (list: readonly Outcome[]) =>
  list.map(one => [one.participant.split('@')[0], one.status]);
