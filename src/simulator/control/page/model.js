// What the page knows: fetched once, then kept up to date by the event stream.
import { call, ofPhone } from './api.js';
import { perFrame } from './dom.js';

const MESSAGES = 500;
const TRAFFIC = 300;
/** Somebody who stopped without saying so (WhatsApp clients repeat it every 10 s or so). */
const TYPING_MS = 12_000;
const RANK = { sent: 0, delivered: 1, read: 2, played: 3 };

export const model = {
  phones: [],
  /** By number. */
  byPhone: new Map(),
  /** Numbers by the user part of either JID form. */
  byUser: new Map(),
  /** Rows of GET /devices by number. */
  devices: new Map(),
  sockets: [],
  groups: new Map(),
  faults: undefined,
  traffic: [],
  paused: false,
  /** What is looked at. */
  phone: undefined,
  chat: undefined,
  messages: [],
  /** New messages per phone since the page looked at it. */
  unread: new Map(),
  /** `number chat` -> { who, state, until }. */
  typing: new Map(),
  offsetMs: 0,
};

const watchers = new Set();
const tell = perFrame(() => {
  for (const watcher of watchers) watcher(model);
});

/** `watcher(model)` runs after changes, at most once per frame. */
export function watch(watcher) {
  watchers.add(watcher);
}

export function changed() {
  tell();
}

export async function loadAll() {
  await Promise.all([loadPhones(), loadDevices(), loadSockets(), loadGroups(), loadFaults(), loadClock()]);
  if (model.phone && !model.byPhone.has(model.phone)) model.phone = model.chat = undefined;
  await loadMessages();
  changed();
}

export async function loadPhones() {
  const phones = await call('GET', '/phones');
  model.phones = phones;
  model.byPhone = new Map(phones.map(one => [one.phone, one]));
  model.byUser = new Map(
    phones.flatMap(one => [userOf(one.jid), userOf(one.lid)].map(user => [user, one.phone])),
  );
  changed();
}

export async function loadDevices() {
  const devices = new Map();
  for (const device of await call('GET', '/devices')) {
    if (devices.has(device.phone)) devices.get(device.phone).push(device);
    else devices.set(device.phone, [device]);
  }
  model.devices = devices;
  changed();
}

export async function loadSockets() {
  model.sockets = await call('GET', '/sockets');
  changed();
}

export async function loadGroups() {
  model.groups = new Map((await call('GET', '/groups')).map(group => [group.jid, group]));
  changed();
}

export async function loadFaults() {
  model.faults = await call('GET', '/faults');
  changed();
}

export async function loadClock() {
  model.offsetMs = (await call('GET', '/clock')).offsetMs;
  changed();
}

export async function select(phone, chat) {
  const other = phone !== model.phone;
  model.phone = phone;
  model.chat = chat;
  model.unread.delete(phone);
  if (other) {
    model.messages = [];
    changed();
    await loadMessages();
  }
  changed();
}

export async function loadMessages() {
  const { phone } = model;
  if (!phone) return;
  const messages = await call('GET', `${ofPhone(phone)}/messages?limit=${MESSAGES}`);
  // Another may have been chosen meanwhile.
  if (phone === model.phone) model.messages = messages;
  changed();
}

/** Of the time, at most so much is spent fetching one thing again: a world of thousands is looked at less often. */
const SHARE = 0.1;

/** Refetches at most every `ms`, and the last time asked for in any case. */
function sparing(load, ms) {
  let busy = false;
  let again = false;
  const run = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    const started = performance.now();
    await load().catch(() => {}); // the line is gone: the stream says so, and loads all when it is back
    const took = performance.now() - started;
    setTimeout(
      () => {
        busy = false;
        if (!again) return;
        again = false;
        run();
      },
      Math.max(ms, took / SHARE),
    );
  };
  return run;
}

const fresh = {
  phones: sparing(loadPhones, 500),
  devices: sparing(loadDevices, 500),
  sockets: sparing(loadSockets, 200),
  groups: sparing(loadGroups, 500),
  faults: sparing(loadFaults, 300),
  messages: sparing(loadMessages, 250),
};

const heard = {
  phone: () => fresh.phones(),
  waiting: () => fresh.sockets(),
  linked: () => {
    fresh.phones();
    fresh.devices();
  },
  unlinked: () => {
    fresh.phones();
    fresh.devices();
  },
  login: () => fresh.devices(),
  close: () => fresh.devices(),
  delivered: () => fresh.devices(),
  group: () => fresh.groups(),
  faults: () => fresh.faults(),
  fault: () => fresh.faults(),
  message: event => {
    if (event.chat.endsWith('@g.us') && !model.groups.has(event.chat)) fresh.groups();
    model.typing.delete(`${event.phone} ${event.chat}`);
    if (event.phone === model.phone) fresh.messages();
    else if (!event.fromMe) model.unread.set(event.phone, (model.unread.get(event.phone) ?? 0) + 1);
  },
  receipt: ({ id, jid, type }) => {
    fresh.devices();
    const message = model.messages.find(one => one.id === id);
    if (!message) return;
    const mine = numberOf(jid) === model.phone;
    if (!message.fromMe && mine && (type === 'read' || type === 'played')) message.seen = true;
    if (message.fromMe && !mine && RANK[type] > RANK[message.status ?? 'sent']) message.status = type;
  },
  typing: ({ from, chat, state }) => {
    const who = numberOf(from);
    const group = chat.endsWith('@g.us');
    const phones = group ? (model.groups.get(chat)?.members ?? []).map(one => one.phone) : [numberOf(chat)];
    for (const phone of phones) {
      const key = `${phone} ${group ? chat : `${who}@s.whatsapp.net`}`;
      if (state === 'paused' || phone === who) model.typing.delete(key);
      else model.typing.set(key, { who, state, until: Date.now() + TYPING_MS });
    }
    setTimeout(changed, TYPING_MS + 100);
  },
};

export function apply(event) {
  if (!model.paused) {
    model.traffic.push(event);
    if (model.traffic.length > TRAFFIC) model.traffic.shift();
  }
  heard[event.kind]?.(event);
  changed();
}

/** Who is typing in a chat of a phone: { who, state }, or undefined. */
export function typingIn(phone, chat) {
  const typing = model.typing.get(`${phone} ${chat}`);
  return typing && typing.until > Date.now() ? typing : undefined;
}

const userOf = jid => jid.split(/[:@]/)[0];

/** The number behind a JID of either form; what is before the @ when nobody has it. */
export function numberOf(jid) {
  const user = userOf(jid);
  return model.byUser.get(user) ?? user;
}

/** How a person, a group or a chat is called. */
export function nameOf(jid) {
  if (jid.endsWith('@g.us')) return model.groups.get(jid)?.subject ?? jid;
  if (jid === 'status@broadcast') return 'Status';
  const phone = numberOf(jid);
  return model.byPhone.get(phone)?.name ?? phone;
}

/** Chats of the phone that is looked at, the newest first: { chat, last, unseen }. */
export function chatsOf(messages) {
  const chats = new Map();
  for (const message of messages) {
    const chat = chats.get(message.chat) ?? { chat: message.chat, unseen: 0 };
    chat.last = message;
    if (!message.fromMe && !message.seen) chat.unseen++;
    chats.delete(message.chat);
    chats.set(message.chat, chat);
  }
  return [...chats.values()].reverse();
}
