-- What was set for one device, sealed JSON text: there may be a proxy's password in it. What is not in it is as the settings
-- of the process have it.
create table device_settings (
  device_no  integer primary key references device on delete cascade,
  value      bytea not null,
  updated_at timestamptz not null default now()
);
