// A caller of a node's HTTP API, wherever the node runs.

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly code: string; readonly message: string; readonly results?: T };
}

export interface Calls {
  api<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>>;
  sendText(from: string, to: string, text: string): Promise<Answer<{ message_id: string; status?: string }>>;
}

/** Asks for the base URL at each call: a node that was started again has another port. */
export function callsTo(url: () => string): Calls {
  const api: Calls['api'] = async (method, path, body, headers = {}) => {
    const response = await fetch(new URL(path, url()), {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Answer<never>['body'],
    };
  };
  return {
    api,
    sendText: (from, to, text) =>
      api('POST', '/send/message', { phone: to, message: text }, { 'X-Device-Id': from }),
  };
}
