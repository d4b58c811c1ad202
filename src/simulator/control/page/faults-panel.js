// A bad network, or a bad day of the server: faults by name, from the simulator's own catalogue.
import { call } from './api.js';
import { $, attempt, el, say, show } from './dom.js';
import { changed, loadFaults, model } from './model.js';

/** Rows of GET /faults/catalogue by name. */
const catalogue = new Map();

const whens = {
  always: 'always',
  once: 'once',
  nth: 'at the occasion number …',
  count: 'so many times …',
  rate: 'with a probability of …',
};
const whos = { all: 'everybody', device: 'one device …', account: 'one account …' };
const FILTERS = ['tag', 'xmlns', 'type', 'child', 'id'];

export async function loadCatalogue() {
  for (const row of await call('GET', '/faults/catalogue')) catalogue.set(row.name, row);
  const groups = Map.groupBy(catalogue.values(), row => row.name.split('.')[0]);
  $('fault-name').replaceChildren(
    ...[...groups].map(([label, rows]) =>
      el(
        'optgroup',
        { label },
        rows.map(({ name }) => el('option', { value: name }, name)),
      ),
    ),
  );
  drawForm();
  changed();
}

/** The ways in which a connection can end at once. */
export const closes = () =>
  [...catalogue.values()]
    .filter(row => row.strikes && row.name.startsWith('close.'))
    .map(row => row.name.slice(6));

const options = table => Object.entries(table).map(([value, text]) => el('option', { value }, text));

export function startFaults() {
  const form = el(
    'form.stack',
    { id: 'arm', onsubmit: arm },
    el('label', {}, 'Fault', el('select', { id: 'fault-name', name: 'name', onchange: drawForm })),
    el('p.sub', { id: 'fault-doc' }),
    el('div.stack.wide', { id: 'fault-params' }),
    el(
      'div.row.wide',
      {},
      el('label', {}, 'When', el('select', { name: 'when', onchange: drawForm }, options(whens))),
      el(
        'label',
        { id: 'fault-times' },
        'Number',
        el('input', { name: 'times', type: 'number', min: 0, step: 'any', value: '1' }),
      ),
    ),
    el(
      'div.row.wide',
      {},
      el('label', {}, 'Whom', el('select', { name: 'who', onchange: drawForm }, options(whos))),
      el(
        'label',
        { id: 'fault-whom' },
        'JID or number',
        el('input', { name: 'whom', list: 'devices', autocomplete: 'off' }),
      ),
    ),
    el('datalist', { id: 'devices' }),
    el(
      'details',
      { id: 'fault-filter' },
      el('summary', {}, 'Only some stanzas'),
      el(
        'div.row',
        {},
        FILTERS.map(name =>
          el('label', {}, name, el('input', { name: `filter ${name}`, autocomplete: 'off' })),
        ),
      ),
    ),
    el(
      'div.row',
      {},
      el('button.primary', { type: 'submit' }, 'Arm'),
      el('button', { type: 'button', id: 'strike', onclick: strike }, 'Strike now'),
    ),
  );
  $('panel-faults').append(
    el('h3', {}, 'Armed'),
    el('ul.cards', { id: 'armed' }),
    el('p.none', { id: 'armed-none' }, 'None: the server behaves.'),
    el('button', { type: 'button', id: 'disarm-all', onclick: () => disarm() }, 'Disarm all'),
    el('h3', {}, 'Arm a fault'),
    form,
  );
  // How often each struck is told by no event.
  setInterval(() => {
    if (!$('panel-faults').hidden && model.faults?.armed.length > 0) loadFaults().catch(() => {});
  }, 2_000);
}

export function drawFaults() {
  const armed = model.faults?.armed ?? [];
  show(
    $('armed'),
    armed,
    one => `${one.name} ${one.label}`,
    ({ name, label, when, who, filter, params, fired, spent }) =>
      el(
        'li.card',
        {},
        el('p.name', {}, label ? `${name} (${label})` : name),
        el(
          'p.sub',
          {},
          [said(when), `for ${said(who)}`, filter && said(filter), said(params)].filter(Boolean).join(' · '),
        ),
        el(
          'div.row',
          {},
          el('span.sub', {}, `struck ${fired} time${fired === 1 ? '' : 's'}${spent ? ', and no more' : ''}`),
          el('button', { type: 'button', onclick: () => disarm(name) }, 'Disarm'),
        ),
      ),
  );
  $('armed-none').hidden = armed.length > 0;
  $('disarm-all').hidden = armed.length < 2;
  const jids = [...model.devices.values()]
    .flat()
    .slice(0, 500)
    .map(one => one.jid);
  show(
    $('devices'),
    jids,
    jid => jid,
    jid => el('option', { value: jid }),
  );
}

const said = value =>
  typeof value === 'object'
    ? Object.entries(value)
        .map(([name, one]) => `${name} ${one}`)
        .join(', ')
    : value;

const form = () => $('arm');
const chosen = () => catalogue.get(form().elements.name.value);

/** The fields that this fault, this when and this whom have. */
function drawForm() {
  const row = chosen();
  if (!row) return;
  const { elements } = form();
  $('fault-doc').textContent = row.doc;
  show(
    $('fault-params'),
    Object.entries(row.params.properties ?? {}),
    ([name]) => `${row.name} ${name}`,
    paramField,
  );
  $('fault-times').hidden = ['always', 'once'].includes(elements.when.value);
  $('fault-whom').hidden = elements.who.value === 'all';
  elements.whom.required = elements.who.value !== 'all';
  $('fault-filter').hidden = !['in', 'out', 'stanza', 'asked'].includes(row.at);
  $('strike').hidden = !row.strikes;
}

function paramField([name, schema]) {
  const field = { name: `param ${name}`, autocomplete: 'off' };
  if (schema.enum)
    return el(
      'label',
      {},
      name,
      el(
        'select',
        field,
        schema.enum.map(value => el('option', { value, selected: value === schema.default }, value)),
      ),
    );
  if (schema.type === 'boolean')
    return el(
      'label.check',
      {},
      el('input', { ...field, type: 'checkbox', checked: schema.default === true }),
      ` ${name}`,
    );
  const numeric = schema.type === 'integer' || schema.type === 'number';
  return el(
    'label',
    {},
    name,
    el('input', {
      ...field,
      type: numeric ? 'number' : 'text',
      step: schema.type === 'integer' ? 1 : 'any',
      min: numeric ? schema.minimum : undefined,
      max: numeric && schema.maximum < Number.MAX_SAFE_INTEGER ? schema.maximum : undefined,
      placeholder: schema.default === undefined ? '' : String(schema.default),
    }),
  );
}

function paramsOf(row) {
  const params = {};
  for (const [name, schema] of Object.entries(row.params.properties ?? {})) {
    const input = form().elements[`param ${name}`];
    if (schema.type === 'boolean') params[name] = input.checked;
    else if (input.value !== '') params[name] = input.type === 'number' ? Number(input.value) : input.value;
  }
  return params;
}

function arm(event) {
  event.preventDefault();
  const row = chosen();
  const { when, times, who, whom } = form().elements;
  const filter = Object.fromEntries(
    FILTERS.map(name => [name, form().elements[`filter ${name}`].value]).filter(([, value]) => value !== ''),
  );
  attempt(async () => {
    await call('PUT', `/faults/${encodeURIComponent(row.name)}`, {
      when:
        when.value === 'always'
          ? 'always'
          : { [when.value]: when.value === 'once' ? true : Number(times.value) },
      who: who.value === 'all' ? 'all' : { [who.value]: whom.value },
      params: paramsOf(row),
      ...(!$('fault-filter').hidden && Object.keys(filter).length > 0 && { filter }),
    });
    await loadFaults();
    say(`Armed ${row.name}`);
  });
}

function strike() {
  const row = chosen();
  const { who, whom } = form().elements;
  attempt(async () => {
    const target = who.value === 'device' ? { jid: whom.value } : { all: true };
    if (who.value === 'account') throw new Error('Strike one device, or everybody.');
    const { struck } = await call('POST', `/faults/${encodeURIComponent(row.name)}/strike`, {
      ...target,
      params: paramsOf(row),
    });
    say(`Struck ${struck} connection${struck === 1 ? '' : 's'}`);
  });
}

function disarm(name) {
  attempt(async () => {
    await call('DELETE', name === undefined ? '/faults' : `/faults/${encodeURIComponent(name)}`);
    await loadFaults();
  });
}
