// One chat, as the phone that is looked at sees it.
import { call, ofPhone } from './api.js';
import { $, attempt, el, show } from './dom.js';
import { loadMessages, model, nameOf, numberOf, typingIn } from './model.js';
import { threadOf } from './thread.js';
import { ticksOf } from './words.js';

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
    threadOf(all.slice(-SHOWN), phone, group),
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

const REACTIONS = ['👍', '❤️', '😂'];

function bubble(row) {
  const {
    day,
    id,
    fromMe,
    author,
    device,
    special,
    image,
    quoted,
    forwarded,
    text,
    edited,
    at,
    status,
    reactions,
  } = row;
  if (day) return el('li.day', {}, day);
  return el(
    `li.bubble${fromMe ? '.mine' : ''}${special ? '.special' : ''}`,
    { title: id },
    author && el('span.author', {}, author),
    forwarded && el('span.note', {}, 'Forwarded'),
    quoted && el('span.quote', {}, quoted),
    image && el('img.picture', { src: image, alt: text, loading: 'lazy' }),
    el('span.text', {}, text),
    el(
      'span.foot',
      {},
      device && el('span.device', { title: `sent by linked device ${device}` }, `:${device}`),
      edited && el('span', {}, 'edited'),
      el('time', {}, at),
      status &&
        el(`span.ticks.${status}`, { role: 'img', 'aria-label': status, title: status }, ticksOf(status)),
    ),
    reactions.length > 0 && el('span.reactions', {}, reactions.join(' ')),
    el(
      'span.actions',
      {},
      el('button', { type: 'button', onclick: () => quote(id, text) }, 'Reply'),
      REACTIONS.map(emoji =>
        el(
          'button',
          {
            type: 'button',
            'aria-label': `React with ${emoji}`,
            onclick: () => send({ react: { message: id, emoji } }),
          },
          emoji,
        ),
      ),
    ),
  );
}

/** What is being answered: { id, chat }, or undefined. */
let answered;

function quote(id, text) {
  answered = { id, chat: model.chat };
  $('quoted').firstChild.textContent = text;
  $('quoted').hidden = false;
  $('text').focus();
}

function unquote() {
  answered = undefined;
  $('quoted').hidden = true;
}

function send(content) {
  const { phone, chat } = model;
  return attempt(async () => {
    const sent = await call('POST', `${ofPhone(phone)}/send`, { to: chat, ...content });
    await loadMessages();
    return sent;
  });
}

/** Typing is said again while it goes on, and ended when it stops (as apps do). */
const TYPING_AGAIN_MS = 5_000;
const TYPING_ENDS_MS = 4_000;
let typing;

function types() {
  const { phone, chat } = model;
  if (!chat || chat.endsWith('@broadcast') || chat.endsWith('@newsletter')) return;
  const say = state => call('POST', `${ofPhone(phone)}/typing`, { to: chat, state }).catch(() => {});
  if (typing?.chat !== chat || Date.now() - typing.at > TYPING_AGAIN_MS) {
    clearTimeout(typing?.timer);
    typing = { chat, at: Date.now() };
    say('composing');
  }
  clearTimeout(typing.timer);
  typing.end = () => {
    clearTimeout(typing?.timer);
    typing = undefined;
    say('paused');
  };
  typing.timer = setTimeout(typing.end, TYPING_ENDS_MS);
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
    const said = text.value;
    if (said.trim() === '') return;
    const reply = answered?.chat === model.chat ? { quote: answered.id } : {};
    text.value = '';
    unquote();
    typing?.end();
    send({ text: said, ...reply }).then(sent => {
      // What was refused is not lost.
      if (!sent) text.value ||= said;
    });
  });
  text.addEventListener('input', () => text.value !== '' && types());
  $('quoted').querySelector('button').addEventListener('click', unquote);
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
