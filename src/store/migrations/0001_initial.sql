-- The whole of what Cardume knows. Every per-device table leads with the device's number and falls with the device.

-- Facts about this installation that are made once and kept: a generated webhook secret, which world it talks to.
create table setting (
  name  text primary key,
  value text not null
);

-- One linked (or to be linked) WhatsApp account. `last_seq` is the journal's counter: the row that fences a writer
-- (owner and epoch) is the row that hands out sequence numbers, so seq is gapless and in commit order per device.
create table device (
  no         integer generated always as identity primary key,
  id         text not null unique collate "C" check (id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
  jid        text,                          -- as linked, with its device part: 15551234567:3@s.whatsapp.net
  lid        text,
  name       text,                          -- push name
  state      text not null default 'unlinked' check (state in ('unlinked', 'linked', 'stopped')),
  reason     text,                          -- why it is stopped or came to be unlinked
  owner      uuid,                          -- the node that runs it; takes the next epoch when it claims
  epoch      bigint not null default 0,
  last_seq   bigint not null default 0,
  created_at timestamptz not null default now(),
  state_at   timestamptz not null default now()
) with (fillfactor = 80);

-- Baileys' credentials of a device: one value, rewritten whole.
create table credentials (
  device_no  integer primary key references device on delete cascade,
  value      bytea not null,
  updated_at timestamptz not null default now()
);

-- Signal keys: sessions, pre-keys, sender keys, identities, app-state keys, LID mappings. The primary key never
-- changes, so updates stay on their page (HOT) while there is room: hence the fillfactor.
create table signal_key (
  device_no integer not null references device on delete cascade,
  kind      smallint not null,
  id        text not null collate "C",
  value     bytea not null,
  primary key (device_no, kind, id)
) with (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05);

-- What happened, in order, durable. `payload` is JSON text and delivered byte for byte as stored.
create table journal (
  device_no integer not null references device on delete cascade,
  seq       bigint not null,
  id        text not null,
  event     text not null,
  jid       text not null default '',
  at        timestamptz not null,
  payload   text not null,
  primary key (device_no, seq)
);

-- Where events are delivered. Without a device it is a global endpoint, made from the settings at start.
create table endpoint (
  no         integer generated always as identity primary key,
  device_no  integer unique references device on delete cascade,
  url        text not null check (url <> ''),
  secret     text,                          -- null: the installation's secret
  events     text[] not null default '{}',  -- empty: all
  skip_tls_verify boolean not null default false,
  active     boolean not null default true,
  created_at timestamptz not null default now()
);
create unique index endpoint_global_url on endpoint (url) where device_no is null;

-- The cursor of one endpoint over one device's journal. `until` ends a lane that another endpoint has replaced.
create table lane (
  endpoint_no integer not null references endpoint on delete cascade,
  device_no   integer not null references device on delete cascade,
  cursor      bigint not null default 0,    -- seq of the last delivered event
  until       bigint,
  attempt     integer not null default 0,
  not_before  timestamptz not null default '-infinity',
  last_error  text,
  primary key (endpoint_no, device_no)
) with (fillfactor = 70);
create index lane_device on lane (device_no);
