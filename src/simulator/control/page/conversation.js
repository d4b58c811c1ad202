// One chat, as the phone that is looked at sees it.
import { call, ofPhone } from './api.js';
import { $, attempt, el, show } from './dom.js';
import { loadMessages, model, nameOf, numberOf, typingIn } from './model.js';
import { clock, preview, ticksOf } from './words.js';

const SHOWN = 300;

let shownChat;

export function drawConversation() {
  const { phone, chat } = model;
  const open = phone !== undefined && chat !== undefined;
  $('composer').hidden = !open;
  $('chat-title').textContent = open ? nameOf(chat) : 'No chat';
  const typing = open && typingIn(phone, chat);
  const state = $('chat-state');
  const who = typing && chat.endsWith('@g.us') ? `${nameOf(`${typing.who}@s.whatsapp.net`)} is ` : '';
  state.textContent = typing
    ? `${who}${typing.state === 'recording' ? 'recording' : 'typing'} …`
    : open
      ? subtitle(chat)
      : 'Choose a phone and a chat.';
  state.classList.toggle('typing', Boolean(typing));

  const all = open ? model.messages.filter(one => one.chat === chat) : [];
  const log = $('messages');
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60 || shownChat !== `${phone} ${chat}`;
  const group = chat?.endsWith('@g.us');
  show(
    log,
    rowsOf(all.slice(-SHOWN), group),
    row => row.key,
    row => bubble(row),
  );
  if (atEnd) log.scrollTop = log.scrollHeight;
  shownChat = `${phone} ${chat}`;
  $('mark-read').hidden = !all.some(one => !one.fromMe && !one.seen);
}

function subtitle(chat) {
  if (!chat.endsWith('@g.us')) return `+${numberOf(chat)}`;
  const members = model.groups.get(chat)?.members ?? [];
  return (
    members
      .map(one => model.byPhone.get(one.phone)?.name ?? one.phone)
      .slice(0, 8)
      .join(', ') || chat
  );
}

/** Messages as rows, a line for the day where it changes. */
function rowsOf(messages, group) {
  const rows = [];
  let day;
  for (const one of messages) {
    const date = new Date(one.timestamp * 1000).toLocaleDateString([], {
      weekday: 'long',
      day: 'numeric',
      month: 'long',
    });
    if (date !== day) rows.push({ key: `day ${date}`, day: date });
    day = date;
    rows.push({
      key: `${one.id} ${one.from} ${one.type}`,
      id: one.id,
      fromMe: one.fromMe,
      author: group && !one.fromMe ? nameOf(one.from) : undefined,
      device: one.fromMe && one.from.includes(':') ? one.from.split(/[:@]/)[1] : undefined,
      kind: one.type === 'text' ? undefined : one.type,
      text: preview(one),
      at: clock(one.timestamp),
      status: one.fromMe ? one.status : undefined,
    });
  }
  return rows;
}

function bubble({ day, id, fromMe, author, device, kind, text, at, status }) {
  if (day) return el('li.day', {}, day);
  return el(
    `li.bubble${fromMe ? '.mine' : ''}${kind ? '.special' : ''}`,
    { title: id },
    author && el('span.author', {}, author),
    el('span.text', {}, text),
    el(
      'span.foot',
      {},
      device && el('span.device', { title: `sent by linked device ${device}` }, `:${device}`),
      el('time', {}, at),
      status &&
        el(`span.ticks.${status}`, { role: 'img', 'aria-label': status, title: status }, ticksOf(status)),
    ),
  );
}

export function startConversation() {
  const text = $('text');
  const form = $('composer');
  text.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener('submit', event => {
    event.preventDefault();
    const { phone, chat } = model;
    const said = text.value;
    if (said.trim() === '') return;
    text.value = '';
    attempt(async () => {
      try {
        await call('POST', `${ofPhone(phone)}/send`, { to: chat, text: said });
      } catch (error) {
        text.value ||= said;
        throw error;
      }
      await loadMessages();
    });
  });
  $('mark-read').addEventListener('click', () => {
    const { phone, chat } = model;
    const unseen = model.messages.filter(one => one.chat === chat && !one.fromMe && !one.seen);
    attempt(async () => {
      const ids = unseen.map(one => one.id);
      for (let from = 0; from < ids.length; from += 500)
        await call('POST', `${ofPhone(phone)}/read`, { chat, ids: ids.slice(from, from + 500) });
      await loadMessages();
    });
  });
}
