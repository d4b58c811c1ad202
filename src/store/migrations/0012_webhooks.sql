-- Many endpoints: those of the settings (WEBHOOK_URL), the one that a device may have in their place (gowa's), and webhooks
-- made through the API, for all devices or for one, which add to the others and replace none.
alter table endpoint
  add column id         text,
  add column source     text not null default 'settings' check (source in ('settings', 'device', 'api')),
  add column name       text not null default '',
  -- What it wants beside `events`. An empty list of chats: of all.
  add column chats      text[] not null default '{}',
  add column direction  text not null default 'any' check (direction in ('any', 'incoming', 'outgoing')),
  add column own        boolean not null default true,     -- messages that the account itself wrote
  -- How it wants it.
  add column payload    text not null default 'fat' check (payload in ('fat', 'thin')),
  add column headers    bytea,                             -- JSON of names and values, sealed
  add column batch_events integer not null default 1 check (batch_events between 1 and 100),
  add column batch_ms   integer not null default 1000 check (batch_ms between 0 and 10000),
  add column strict     boolean not null default false,    -- an event that it refuses blocks its lane instead of being parked
  add column max_inflight integer not null default 8 check (max_inflight between 1 and 64),
  add column timeout_ms integer not null default 15000 check (timeout_ms between 1000 and 30000),
  -- What is known of it. `disabled`: no success for days; `gone`: it said 410; both until somebody resumes it.
  add column state      text not null default 'active' check (state in ('active', 'paused', 'disabled', 'gone')),
  add column reason     text,
  add column fails      integer not null default 0,        -- in a row, over all its lanes
  add column first_fail_at timestamptz,                    -- of that row
  add column last_ok_at timestamptz,
  add column warned_at  timestamptz,                       -- that it has been failing for long was told
  add column breaker_until timestamptz not null default '-infinity',
  add column state_at   timestamptz not null default now();
update endpoint
   set id = 'whk_' || replace(gen_random_uuid()::text, '-', ''),
       source = case when device_no is null then 'settings' else 'device' end,
       state = case when active then 'active' else 'gone' end;
alter table endpoint alter column id set not null, alter column id set default 'whk_' || replace(gen_random_uuid()::text, '-', '');
-- `active` goes on saying whether the settings still name it; whether it is delivered to is `active and state = 'active'`.
update endpoint set active = true where device_no is not null;
create unique index endpoint_id on endpoint (id);
drop index endpoint_global_url;
create unique index endpoint_settings_url on endpoint (url) where source = 'settings';
alter table endpoint drop constraint endpoint_device_no_key;
create unique index endpoint_of_device on endpoint (device_no) where source = 'device';
create index endpoint_device on endpoint (device_no);

-- What a webhook signs with: one secret that counts, and those before it until they expire. Sealed with the device's key, or
-- with the installation's webhook key where it is for all devices. One without a row signs with the installation's secret.
create table endpoint_secret (
  no          integer generated always as identity primary key,
  endpoint_no integer not null references endpoint on delete cascade,
  value       bytea not null,
  created_at  timestamptz not null default now(),
  expires_at  timestamptz                                   -- null: the one that counts
);
create unique index endpoint_secret_current on endpoint_secret (endpoint_no) where expires_at is null;
create index endpoint_secret_endpoint on endpoint_secret (endpoint_no);
insert into endpoint_secret (endpoint_no, value) select no, secret from endpoint where secret is not null;
alter table endpoint drop column secret;

-- A second cursor over what was delivered before: it moves beside the live one and goes when it has reached `until`.
alter table lane add column replay boolean not null default false;
alter table lane add column events text[] not null default '{}';   -- of a replay: only these
alter table lane drop constraint lane_pkey, add primary key (endpoint_no, device_no, replay);

-- Events that an endpoint answered and would not take: out of their lane, with a schedule of their own.
create table parked (
  endpoint_no integer not null references endpoint on delete cascade,
  device_no   integer not null references device on delete cascade,
  seq         bigint not null,
  attempt     integer not null,
  not_before  timestamptz not null,
  last_error  text not null,
  parked_at   timestamptz not null default now(),
  primary key (endpoint_no, device_no, seq)
);
create index parked_due on parked (not_before);
create index parked_device on parked (device_no);

-- What was given up: one event, or a span of them that was older than the journal is kept.
create table dead_letter (
  no          bigint generated always as identity primary key,
  endpoint_no integer not null references endpoint on delete cascade,
  device_no   integer not null references device on delete cascade,
  from_seq    bigint not null,
  to_seq      bigint not null,
  reason      text not null,
  at          timestamptz not null default now()
);
create index dead_letter_endpoint on dead_letter (endpoint_no, no);
create index dead_letter_device on dead_letter (device_no);

-- How POSTs went: every failure, and some successes. The head of the answer is sealed like a secret of the endpoint.
create table attempt (
  no          bigint generated always as identity primary key,
  endpoint_no integer not null references endpoint on delete cascade,
  device_no   integer references device on delete cascade,  -- null: a test
  seq         bigint,
  event_id    text not null,
  at          timestamptz not null,
  status      integer,                                      -- of the answer; null: there was none
  error       text,
  ms          integer not null,
  head        bytea,
  replay      boolean not null default false
);
create index attempt_endpoint on attempt (endpoint_no, no);
create index attempt_device on attempt (device_no);
create index attempt_at on attempt (at);
