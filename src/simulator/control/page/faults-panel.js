// A bad network, or a bad day of the server.
import { call } from './api.js';
import { $, attempt, el, say } from './dom.js';
import { loadFaults, model } from './model.js';

export function startFaults() {
  const text = el('textarea', {
    rows: 6,
    spellcheck: false,
    name: 'faults',
    required: true,
    value: '{\n  "latencyMs": 100\n}',
  });
  $('panel-faults').append(
    el('h3', {}, 'Now'),
    el('pre', { id: 'faults-now' }),
    el(
      'form.stack',
      {
        onsubmit: event => {
          event.preventDefault();
          attempt(async () => {
            await call('PUT', '/faults', JSON.parse(text.value));
            await loadFaults();
            say('Armed');
          });
        },
      },
      el('label', {}, 'Change', text),
      el(
        'div.row',
        {},
        el('button.primary', {}, 'Arm'),
        el(
          'button',
          {
            type: 'button',
            onclick: () =>
              attempt(async () => {
                await call('DELETE', '/faults');
                await loadFaults();
              }),
          },
          'End all',
        ),
      ),
    ),
  );
}

export function drawFaults() {
  $('faults-now').textContent = JSON.stringify(model.faults ?? {}, undefined, 2);
}
