// Details of the phone that is looked at: its devices, what it does by itself, its name, its end.
import { call, ofPhone } from './api.js';
import { $, attempt, el, say, show } from './dom.js';
import { closes } from './faults-panel.js';
import { view } from './layout.js';
import { loadPhones, model, select } from './model.js';

let drawnFor;

export function drawPhone() {
  const panel = $('panel-phone');
  const me = model.byPhone.get(model.phone);
  const forWhom = me ? `${me.phone} ${me.name}` : '';
  if (drawnFor !== forWhom) {
    drawnFor = forWhom;
    panel.replaceChildren(...(me ? content(me) : [el('p.none', {}, 'Choose a phone.')]));
  }
  if (!me) return;
  const devices = (model.devices.get(me.phone) ?? []).map(({ lid: _lid, ...device }) => ({
    ...device,
    closable: closes().length > 0,
  }));
  show(
    panel.querySelector('.cards'),
    devices,
    one => one.jid,
    device => card(me.phone, device),
  );
  panel.querySelector('.none').hidden = devices.length > 0;
}

function content({ phone, name, jid, lid }) {
  return [
    el(
      'form.row',
      { onsubmit: event => rename(event, phone) },
      field('Name', { name: 'name', value: name, required: true, maxLength: 100 }),
      el('button', { type: 'submit' }, 'Rename'),
    ),
    el('dl', {}, el('dt', {}, 'JID'), el('dd', {}, jid), el('dt', {}, 'LID'), el('dd', {}, lid)),
    el('h3', {}, 'Linked devices'),
    el('ul.cards'),
    el('p.none', {}, 'None: it is a contact.'),
    el('h3', {}, 'By itself'),
    scriptForm(phone),
    el('h3', {}, 'Trouble'),
    el(
      'div.row',
      {},
      el(
        'button',
        {
          type: 'button',
          onclick: () =>
            attempt(async () => {
              await call('POST', `${ofPhone(phone)}/forget-sessions`, {});
              say('It lost its sessions and will ask again');
            }),
        },
        'Forget its sessions',
      ),
      el('button.danger', { type: 'button', onclick: () => remove(phone, name) }, 'Give up the number'),
    ),
  ];
}

export function field(label, properties, tag = 'input') {
  return el('label', {}, label, el(tag, { autocomplete: 'off', ...properties }));
}

function rename(event, phone) {
  event.preventDefault();
  const { value } = event.target.elements.name;
  attempt(async () => {
    await call('PATCH', ofPhone(phone), { name: value });
    await loadPhones();
  });
}

function remove(phone, name) {
  if (
    !window.confirm(
      `Give up +${phone} (${name})? Its devices are logged out, and nobody has the number any more.`,
    )
  )
    return;
  attempt(async () => {
    await call('DELETE', ofPhone(phone));
    await select(undefined);
    await loadPhones();
    view('people');
  });
}

function card(phone, { jid, connected, logins, queued, lastClose }) {
  const device = Number(jid.split(/[:@]/)[1]);
  const close = el(
    'select',
    { 'aria-label': `How the connection of ${jid} ends` },
    closes().map(name => el('option', { value: name }, name)),
  );
  return el(
    'li.card',
    {},
    el(
      'p',
      {},
      el(`span.device${connected ? '.on' : ''}`, {}, `:${device}`),
      ` ${connected ? 'online' : 'away'}`,
    ),
    el(
      'p.sub',
      {},
      [
        `${logins} login${logins === 1 ? '' : 's'}`,
        `${queued} waiting`,
        lastClose && `last end: ${lastClose}`,
      ]
        .filter(Boolean)
        .join(' · '),
    ),
    el(
      'div.row',
      {},
      close,
      el(
        'button',
        {
          type: 'button',
          disabled: !connected,
          onclick: () =>
            attempt(async () => {
              await call('POST', '/disconnect', { jid, close: close.value });
              say(`Ended ${jid}: ${close.value}`);
            }),
        },
        'End',
      ),
      el(
        'button.danger',
        {
          type: 'button',
          onclick: () => attempt(() => call('POST', `${ofPhone(phone)}/unlink`, { device })),
        },
        'Unlink',
      ),
    ),
  );
}

const EXAMPLE = '[{"when": {"text": {"contains": "price"}},\n  "do": [{"type": 900}, {"reply": "ten"}]}]';

function scriptForm(phone) {
  const form = el(
    'form.stack',
    {
      onsubmit: event => {
        event.preventDefault();
        const { reply, afterMs, reads, rules } = form.elements;
        attempt(async () => {
          await call('PUT', `${ofPhone(phone)}/script`, {
            reads: reads.checked,
            ...(reply.value && { reply: reply.value }),
            ...(afterMs.value && { afterMs: Number(afterMs.value) }),
            ...(rules.value.trim() && { rules: rulesIn(rules.value) }),
          });
          say('It will do so from now on');
        });
      },
    },
    field('Answers every text with ({text} is what came)', { name: 'reply', placeholder: 'nothing' }),
    field('After so many milliseconds', {
      name: 'afterMs',
      type: 'number',
      min: 0,
      max: 600_000,
      placeholder: '0',
    }),
    el('label.check', {}, el('input', { type: 'checkbox', name: 'reads' }), ' Reads what it gets'),
    field(
      'Rules that come first, as JSON',
      { name: 'rules', rows: 4, placeholder: EXAMPLE, spellcheck: false },
      'textarea',
    ),
    el('button', { type: 'submit' }, 'Set'),
  );
  call('GET', `${ofPhone(phone)}/script`)
    .then(script => {
      const { reply, afterMs, reads, rules } = form.elements;
      reply.value = script.reply ?? '';
      afterMs.value = script.afterMs ?? '';
      reads.checked = script.reads === true;
      rules.value = script.rules ? JSON.stringify(script.rules, undefined, 1) : '';
    })
    .catch(() => {}); // the phone is gone: so is its panel
  return form;
}

function rulesIn(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('The rules are not JSON.');
  }
}
