-- Devices that were at work when their thread died: how often, and when last. Two deaths put a device into the quarantine
-- thread, two more there make it rest. Kept because such a device may take the process with it, too.
create table suspicion (
  device_no integer primary key references device on delete cascade,
  deaths    integer not null check (deaths > 0),
  at        timestamptz not null default now()
);
