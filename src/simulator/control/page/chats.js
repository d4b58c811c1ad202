// The chats of the phone that is looked at.
import { $, el, show } from './dom.js';
import { view } from './layout.js';
import { chatsOf, model, nameOf, numberOf, select, typingIn } from './model.js';
import { avatar } from './people.js';
import { clock, preview } from './words.js';

export function drawChats() {
  const me = model.byPhone.get(model.phone);
  $('chats-title').textContent = me ? me.name : 'Chats';
  $('new-chat').hidden = !me;
  const chats = chatsOf(model.messages);
  // One that was opened and has no message yet.
  if (me && model.chat && !chats.some(one => one.chat === model.chat))
    chats.unshift({ chat: model.chat, unseen: 0 });
  const rows = chats.map(({ chat, last, unseen }) => ({
    chat,
    name: nameOf(chat),
    chosen: chat === model.chat,
    unseen,
    typing: typingIn(model.phone, chat)?.state,
    last: last && `${last.fromMe ? 'You: ' : ''}${preview(last)}`,
    at: last && clock(last.timestamp),
  }));
  show(
    $('chats-list'),
    rows,
    row => row.chat,
    row => chatRow(row),
  );
  const none = $('chats-none');
  none.hidden = rows.length > 0;
  none.textContent = me ? 'No chats yet.' : 'Choose a phone to see its chats.';
  drawEverybody();
}

function chatRow({ chat, name, chosen, unseen, typing, last, at }) {
  return el(
    'li',
    {},
    el(
      'button.item',
      {
        type: 'button',
        'aria-current': chosen ? 'true' : undefined,
        onclick: () => {
          view('conversation');
          select(model.phone, chat).then(() => $('text').focus());
        },
      },
      avatar(numberOf(chat), name),
      el(
        'span.main',
        {},
        el('span.name', {}, name),
        typing
          ? el('span.sub.typing', {}, typing === 'recording' ? 'recording …' : 'typing …')
          : el('span.sub', {}, last ?? ''),
      ),
      el(
        'span.side',
        {},
        el('span.at', {}, at ?? ''),
        unseen > 0 && el('span.badge', { title: `${unseen} not read` }, String(unseen)),
      ),
    ),
  );
}

function drawEverybody() {
  const rows = [
    ...model.phones.slice(0, 500).map(({ phone, name }) => ({ value: phone, label: name })),
    ...[...model.groups.values()].slice(0, 500).map(({ jid, subject }) => ({ value: jid, label: subject })),
  ];
  for (const id of ['everybody', 'numbers'])
    show(
      $(id),
      rows,
      row => row.value,
      ({ value, label }) => el('option', { value, label }),
    );
}

export function startChats() {
  $('new-chat').addEventListener('submit', event => {
    event.preventDefault();
    const to = event.target.elements.to.value.trim().replace(/^\+/, '');
    event.target.reset();
    view('conversation');
    const known = to.includes('@g.us') || to.includes('@broadcast') || to.includes('@newsletter');
    select(model.phone, known ? to : `${numberOf(to)}@s.whatsapp.net`).then(() => $('text').focus());
  });
}
