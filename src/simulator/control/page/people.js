// The phones, and the clients that wait to be linked.

import { openLink } from './dialogs.js';
import { $, el, show } from './dom.js';
import { view } from './layout.js';
import { model, select } from './model.js';

/** Enough to look at; a load test has thousands, and the search finds every one. */
const SHOWN = 200;

export function drawPeople() {
  drawWaiting();
  const wanted = $('find').value.trim().toLowerCase();
  const found = model.phones.filter(
    ({ phone, name }) => wanted === '' || phone.includes(wanted) || name.toLowerCase().includes(wanted),
  );
  const rows = found.slice(0, SHOWN).map(({ phone, name }) => ({
    phone,
    name,
    unread: model.unread.get(phone) ?? 0,
    chosen: phone === model.phone,
    devices: (model.devices.get(phone) ?? []).map(({ jid, connected, queued }) => ({
      jid,
      connected,
      queued,
    })),
  }));
  show($('people-list'), rows, row => row.phone, person);
  const none = $('people-none');
  none.hidden = found.length > 0 && found.length <= SHOWN;
  none.textContent =
    model.phones.length === 0
      ? 'No phones yet. Link a client, or add a phone.'
      : found.length === 0
        ? 'Nobody of that name or number.'
        : `${found.length - SHOWN} more: search for them.`;
}

function person({ phone, name, unread, chosen, devices }) {
  return el(
    'li',
    {},
    el(
      'button.item',
      { type: 'button', 'aria-current': chosen ? 'true' : undefined, onclick: () => choose(phone) },
      avatar(phone, name),
      el(
        'span.main',
        {},
        el('span.name', {}, name),
        el('span.sub', {}, `+${phone}`),
        devices.length > 0 && dots(devices),
      ),
      unread > 0 && el('span.badge', { title: `${unread} new` }, String(unread)),
    ),
  );
}

function choose(phone) {
  view('chats');
  select(phone).catch(() => {});
}

/** One mark per linked device: filled when it is online, and how many messages wait for it. */
function dots(devices) {
  return el(
    'span.devices',
    {},
    devices.map(({ jid, connected, queued }) =>
      el(
        `span.device${connected ? '.on' : ''}`,
        { title: `${jid}: ${connected ? 'online' : 'away'}${queued ? `, ${queued} waiting` : ''}` },
        `:${jid.split(/[:@]/)[1]}`,
        queued > 0 && el('span.queued', {}, ` ${queued} waiting`),
      ),
    ),
  );
}

function drawWaiting() {
  const box = $('waiting');
  box.hidden = model.sockets.length === 0;
  if (!box.firstChild) box.append(el('h3', {}, 'Waiting to be linked'), el('ul.list'));
  show(
    box.querySelector('ul'),
    model.sockets,
    one => one.id,
    ({ id, pushName, phone }) =>
      el(
        'li.socket',
        {},
        el(
          'span.main',
          {},
          el('span.name', {}, pushName ?? 'A client'),
          el('span.sub', {}, phone ? `+${phone} by code` : id),
        ),
        el(
          'button',
          { type: 'button', onclick: () => openLink({ phone, byCode: phone !== undefined }) },
          phone ? 'Enter code' : 'Scan',
        ),
      ),
  );
}

/** Two letters on a colour that stays the same for a number. */
export function avatar(seed, name) {
  const letters = (name.match(/[\p{L}\p{N}]+/gu) ?? ['?'])
    .slice(0, 2)
    .map(word => [...word][0])
    .join('');
  let hash = 0;
  for (const char of seed) hash = (hash * 31 + char.charCodeAt(0)) % 8;
  return el(`span.avatar.tint-${hash}`, { 'aria-hidden': 'true' }, letters.toUpperCase());
}
