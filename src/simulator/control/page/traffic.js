// What happens, line by line, the newest first.
import { $, el, show } from './dom.js';
import { view } from './layout.js';
import { changed, model, select } from './model.js';
import { sentence } from './words.js';

/** Kinds by the box that shows them. */
const BOXES = {
  messages: ['message', 'sent'],
  deliveries: ['delivered'],
  receipts: ['receipt'],
  groups: ['group', 'call'],
  connections: ['login', 'close', 'linked', 'unlinked', 'waiting'],
  presence: ['typing', 'presence'],
  others: undefined,
};
const boxOf = kind => Object.keys(BOXES).find(box => BOXES[box]?.includes(kind)) ?? 'others';

export function startTraffic() {
  const boxes = Object.keys(BOXES).map(name =>
    el(
      'label.check',
      {},
      el('input', { type: 'checkbox', name, checked: name !== 'deliveries', onchange: changed }),
      ` ${name}`,
    ),
  );
  const pause = el(
    'button',
    {
      type: 'button',
      'aria-pressed': 'false',
      onclick: () => {
        model.paused = !model.paused;
        pause.setAttribute('aria-pressed', String(model.paused));
        pause.textContent = model.paused ? 'Go on' : 'Pause';
      },
    },
    'Pause',
  );
  const clear = el(
    'button',
    {
      type: 'button',
      onclick: () => {
        model.traffic.length = 0;
        changed();
      },
    },
    'Clear',
  );
  $('panel-traffic').append(
    el('fieldset', {}, el('legend', {}, 'Show'), boxes),
    el('div.row', {}, pause, clear),
    el('ol.traffic', { 'aria-label': 'What happened' }),
    el('p.none', {}, 'Nothing yet.'),
  );
}

export function drawTraffic() {
  const panel = $('panel-traffic');
  if (panel.hidden) return;
  const on = new Set([...panel.querySelectorAll('input:checked')].map(box => box.name));
  const events = model.traffic.filter(event => on.has(boxOf(event.kind))).reverse();
  show(
    panel.querySelector('ol'),
    events,
    event => event.seq,
    event =>
      el(
        'li',
        { title: JSON.stringify(event) },
        el('time', {}, new Date(event.at).toLocaleTimeString()),
        el(`span.kind.of-${boxOf(event.kind)}`, {}, event.kind),
        event.kind === 'message'
          ? el('button.link', { type: 'button', onclick: () => go(event) }, sentence(event))
          : el('span', {}, sentence(event)),
      ),
  );
  panel.querySelector('.none').hidden = events.length > 0;
}

function go({ phone, chat }) {
  view('conversation');
  select(phone, chat).catch(() => {});
}
