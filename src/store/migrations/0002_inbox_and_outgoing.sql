-- What must be durable around the wire: what has come in and is not in the journal yet, and what shall go out.

-- Secrets are sealed from here on, and Signal sessions have another form. There has been no release: devices pair anew,
-- and what was told of them before is forgotten.
delete from credentials;
delete from signal_key;
update device
   set state = 'unlinked', reason = 'linked by a version that kept its keys in clear; pair it again',
       jid = null, lid = null, name = null, state_at = now()
 where state <> 'unlinked';
delete from journal;
update lane l set cursor = d.last_seq from device d where d.no = l.device_no;

-- Sealed JSON text.
alter table journal alter column payload type bytea using convert_to(payload, 'UTF8');
-- The same fact has the same id, so that it is told once however often it is found.
create unique index journal_id on journal (device_no, id);

-- Stanzas that are ours since their receipt may have left, until the facts in them are in the journal. One that was
-- encrypted comes with its plaintext, in the commit of the ratchet step: nobody can decrypt it again. A stanza with two
-- ciphertexts has two rows, the second without the stanza.
create table inbox (
  device_no integer not null references device on delete cascade,
  hash      bytea not null,                 -- of the ciphertext and its sender, or of the whole stanza
  no        bigint generated always as identity,
  stanza    bytea,                          -- sealed
  plaintext bytea,                          -- sealed; null: the stanza was not encrypted
  tries     smallint not null default 0,    -- how often it was found left over
  at        timestamptz not null default now(),
  primary key (device_no, hash)
) with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);

-- Ciphertexts that are done: WhatsApp sends one again whose receipt it did not get, up to two weeks later.
create table received (
  device_no integer not null references device on delete cascade,
  hash      bytea not null,
  at        timestamptz not null default now(),
  primary key (device_no, hash)
);
create index received_at on received using brin (at);

-- Messages to send, durable before they are on the wire and for as long as a peer may ask for one again.
create table outgoing (
  device_no  integer not null references device on delete cascade,
  id         text not null collate "C",     -- WhatsApp's id of the message, the same at every attempt
  chat       text not null,
  message    bytea not null,                -- sealed: what to relay
  state      smallint not null default 0,   -- 0 queued, 1 sent, 2 server_ack, 3 delivered, 4 read, 5 failed
  reason     text,
  tries      smallint not null default 0,
  created_at timestamptz not null default now(),
  state_at   timestamptz not null default now(),
  primary key (device_no, id)
) with (fillfactor = 80);
create index outgoing_open on outgoing (device_no, created_at) where state < 2;
create index outgoing_created on outgoing using brin (created_at);
