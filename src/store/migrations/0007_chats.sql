-- What was said in the chats of a device, who is in them, and what people are called. What people wrote or named is sealed
-- with the device's key; JIDs, ids and times are in clear.

-- A conversation: with a person, in a group or a channel. A person has one, whatever their addresses are (chat_address).
create table chat (
  device_no    integer not null references device on delete cascade,
  no           bigint generated always as identity,
  jid          text not null collate "C",   -- the phone number where it is known, else the LID; of a group its own
  name         bytea,                       -- sealed: of a group or channel; a person's is in contact
  last_at      timestamptz,                 -- the newest message, which changes of a chat must name to WhatsApp
  last_id      text,
  last_sender  text,
  last_from_me boolean,
  unread       integer not null default 0,  -- -1: marked as unread by hand
  archived     boolean not null default false,
  pinned_at    timestamptz,
  muted_until  timestamptz,
  ephemeral    integer not null default 0,  -- seconds until messages disappear
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  primary key (device_no, no)
) with (fillfactor = 75);

-- Every JID that leads to a chat.
create table chat_address (
  device_no integer not null,
  jid       text not null collate "C",
  chat_no   bigint not null,
  primary key (device_no, jid),
  foreign key (device_no, chat_no) references chat on delete cascade
);
create index chat_address_chat on chat_address (device_no, chat_no);

create table chat_message (
  device_no  integer not null,
  chat_no    bigint not null,
  id         text not null collate "C",
  sender     text not null collate "C",     -- '' is the account itself, and the other person of a chat with one
  from_me    boolean not null,
  at         timestamptz not null,          -- whole seconds, as WhatsApp has it
  no         bigint generated always as identity, -- the order within a second: as they came
  kind       text not null,
  said       bytea,                         -- sealed JSON: the text and what else is shown; null: revoked
  message    bytea,                         -- sealed proto.Message: to quote, forward and download it
  grams      integer[],                     -- the blind index of the text (docs/decisions/0010)
  status     smallint not null default 0,   -- of WebMessageInfo
  starred    boolean not null default false,
  edited_at  timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (device_no, chat_no, id, sender, from_me),
  foreign key (device_no, chat_no) references chat on delete cascade
) with (fillfactor = 90);
alter table chat_message alter column said set storage external, alter column message set storage external;
create index chat_message_at on chat_message (device_no, chat_no, at, no);
create index chat_message_grams on chat_message using gin (grams) where grams is not null;
create index chat_message_media on chat_message (device_no, chat_no, at)
  where kind in ('image', 'video', 'audio', 'document', 'sticker', 'video_note');
-- Senders whose number is not known yet: looked up when it becomes so.
create index chat_message_lid on chat_message (device_no, sender) where sender like '%@lid';

create table chat_reaction (
  device_no  integer not null,
  chat_no    bigint not null,
  message_id text not null collate "C",
  sender     text not null collate "C",     -- as in chat_message
  from_me    boolean not null,
  emoji      bytea not null,                -- sealed
  at         timestamptz not null,
  primary key (device_no, chat_no, message_id, sender, from_me),
  foreign key (device_no, chat_no) references chat on delete cascade
);

-- What people are called. Each name is sealed with the JID that it came for.
create table contact (
  device_no     integer not null references device on delete cascade,
  jid           text not null collate "C",  -- the phone number where it is known, else the LID
  lid           text collate "C",
  name          bytea,                      -- as the account has saved it
  push_name     bytea,                      -- as the person calls itself
  business_name bytea,
  updated_at    timestamptz not null default now(),
  primary key (device_no, jid)
) with (fillfactor = 85);
create index contact_lid on contact (device_no, lid) where lid is not null;

-- How many days messages of the device are kept; null: as CHAT_RETENTION_DAYS says.
alter table device add column chat_retention_days integer check (chat_retention_days >= 0);
