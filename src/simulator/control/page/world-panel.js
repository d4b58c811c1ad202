// The world as a whole: its clock, and what was counted.
import { call } from './api.js';
import { $, attempt, el } from './dom.js';
import { loadClock, model } from './model.js';

const HOUR = 3_600_000;

export function startWorld() {
  const move = (label, body) =>
    el(
      'button',
      {
        type: 'button',
        onclick: () =>
          attempt(async () => {
            await call('PUT', '/clock', body);
            await loadClock();
          }),
      },
      label,
    );
  $('panel-world').append(
    el('h3', {}, 'Clock'),
    el('p', {}, el('output', { id: 'now' })),
    el('p.sub', {}, 'What stanzas say and what expires goes by it.'),
    el(
      'div.row',
      {},
      move('+1 hour', { advanceMs: HOUR }),
      move('+1 day', { advanceMs: 24 * HOUR }),
      move('+1 week', { advanceMs: 168 * HOUR }),
      move('Set it right', { offsetMs: 0 }),
    ),
    el('h3', {}, 'Counted so far'),
    el('dl', { id: 'counts' }),
  );
  setInterval(() => {
    $('now').textContent = new Date(Date.now() + model.offsetMs).toLocaleString();
    if (!$('panel-world').hidden) drawCounts().catch(() => {});
  }, 1_000);
}

async function drawCounts() {
  const counts = await call('GET', '/ledger');
  $('counts').replaceChildren(
    ...Object.entries(counts).flatMap(([name, value]) =>
      value === null || (typeof value === 'object' && Object.keys(value).length === 0)
        ? []
        : [
            el('dt', {}, name),
            el('dd', {}, typeof value === 'object' ? JSON.stringify(value) : String(value)),
          ],
    ),
  );
}
