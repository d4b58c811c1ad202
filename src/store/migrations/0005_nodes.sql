-- Who may run devices. One row per process and start: a device whose owner has no row here, or one that has run out, may
-- be taken. Times are the database's, so that the clocks of two machines need not agree.
create table node (
  id         uuid primary key,              -- made fresh at every start, never a name of the machine
  host       text not null,                 -- for people
  pid        integer not null,
  space      text,                          -- where that number means this process; null: nowhere that we could look
  birth      text,                          -- when the process was started, for numbers come back
  started_at timestamptz not null default now(),
  expires_at timestamptz not null
);

-- `conflict`: another process runs the same credentials. What a device waits for outlives the process that learnt it.
alter table device
  drop constraint device_state_check,
  add constraint device_state_check check (state in ('unlinked', 'linked', 'stopped', 'conflict')),
  add column not_before  timestamptz,       -- WhatsApp does not want it to connect earlier
  add column replaced_at timestamptz;       -- when another connection last took its place
