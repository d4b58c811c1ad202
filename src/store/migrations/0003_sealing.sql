-- Sealing at rest. What was kept in clear until now is forgotten, because nothing was released that wrote it: devices have
-- to be paired again, and secrets of webhooks have to be set again. From here on no secret is in clear in any row.
delete from credentials;
delete from signal_key;
update device
   set state = 'unlinked', reason = 'its keys were stored unsealed; pair it again', jid = null, lid = null, name = null,
       state_at = now()
 where state <> 'unlinked';

-- The device's own key, sealed with one of the installation's. Null only until the next start, which makes it.
alter table device
  add column dek         bytea,
  add column exported_at timestamptz;       -- another installation runs it

-- Sealed with the device's key; a global endpoint has none of its own.
alter table endpoint alter column secret type bytea using null;

-- Settings that are secret hold base64 of what was sealed. The generated one was in clear: the next start makes another.
delete from setting where name = 'webhook_secret';

-- Rows that could not be opened, as they were: changed, swapped, or sealed with a key that is gone. Nobody reads them but
-- a person who wants to know what happened.
create table quarantined_row (
  no          bigint generated always as identity primary key,
  device_no   integer not null references device on delete cascade,
  source      text not null,                -- the table that it was in
  kind        smallint,
  id          text not null,
  value       bytea not null,
  reason      text not null,
  at          timestamptz not null default now()
);
create index quarantined_row_device on quarantined_row (device_no);
