-- The last that was told of a device's health is looked up when a thread takes the device: the journal is the only memory of it.
create index journal_health on journal (device_no, seq) where event in ('device.degraded', 'device.recovered');

-- Messages that came and could not be decrypted, until a later copy of each could be, or every try has failed.
create table undecryptable (
  device_no integer not null references device on delete cascade,
  chat      text not null collate "C",       -- as WhatsApp names them: a LID, a phone number, a group
  sender    text not null collate "C",
  id        text not null collate "C",
  message   bytea not null,                  -- sealed: the key, the time and the push name that came with it
  reason    text not null default 'unknown',
  first_at  timestamptz not null default now(),
  attempts  integer not null default 0,      -- how often the phone was asked for it
  asked_at  timestamptz,
  told      boolean not null default false,  -- its event is in the journal
  state     text not null default 'waiting' check (state in ('waiting', 'recovered', 'lost')),
  primary key (device_no, chat, sender, id)
);
create index undecryptable_open on undecryptable (device_no, first_at) where state <> 'recovered';
