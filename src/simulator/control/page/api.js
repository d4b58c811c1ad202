// The control plane, as the page calls it.

/** Resolves with the answer; fails with the sentence that the simulator refused with. A string goes as it is. */
export async function call(method, path, body) {
  const text = typeof body === 'string';
  const response = await fetch(`/admin${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': text ? 'text/plain' : 'application/json' },
      body: text ? body : JSON.stringify(body),
    }),
  });
  const answer = await response.json().catch(() => ({ error: `${response.status} without a reason` }));
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

export const ofPhone = phone => `/phones/${encodeURIComponent(phone)}`;

/**
 * Hears every event from now on, over reconnects; `heard(event)` for each, `live(is)` as the line comes and goes.
 */
export async function listen({ heard, live }) {
  let last;
  for (;;) {
    try {
      const response = await fetch(`/admin/events${last === undefined ? '' : `?after=${last}`}`);
      if (!response.ok) throw new Error(String(response.status));
      live(true);
      for await (const event of eventsIn(response.body)) {
        last = event.seq;
        heard(event);
      }
    } catch {
      // gone: again in a moment
    }
    live(false);
    await new Promise(resolve => setTimeout(resolve, 1_000));
  }
}

async function* eventsIn(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const line of lines) if (line.startsWith('data: ')) yield JSON.parse(line.slice(6));
  }
}
