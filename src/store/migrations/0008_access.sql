-- Who may call the API, what was done through it, and what was answered to requests that may come again.

-- A key is 32 random characters, so its SHA-256 is enough: nobody finds it from that. Rows of keys that have ended stay, so
-- that the audit log can be read, and so that an installation with keys never becomes an open one.
create table api_key (
  id           text primary key collate "C" check (id ~ '^[0-9A-Za-z]{12}$'),
  no           bigint generated always as identity unique,
  origin       text not null collate "C",   -- the first of the keys that were rotated into this one: its limits are theirs
  rotated_from text collate "C",
  digest       bytea not null check (octet_length(digest) = 32),
  name         text not null,
  scopes       text[] not null check (cardinality(scopes) > 0),
  all_devices  boolean not null,            -- false: those of api_key_device, which may be none
  created_at   timestamptz not null default now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz                  -- coarse: written every half minute
);
create index api_key_live on api_key (no) where revoked_at is null;

-- A device that is made later under the same id is another device: hence numbers.
create table api_key_device (
  key_id    text not null collate "C" references api_key on delete cascade,
  device_no integer not null references device on delete cascade,
  primary key (key_id, device_no)
);
create index api_key_device_device on api_key_device (device_no);

-- Requests with an Idempotency-Key, for a day. Without an answer it is under way, or nobody knows how far it came.
create table idempotency (
  id          bytea primary key check (octet_length(id) = 32), -- hash of who asked and of the key
  fingerprint bytea not null,               -- hash of what was asked for
  node        uuid,                         -- which process does it; null: none any more
  status      smallint,
  answer      bytea,                        -- sealed; null with a status: it was too large to be kept
  expires_at  timestamptz not null
);
create index idempotency_expires on idempotency (expires_at);

-- Who did what. Rows are written once; nothing changes them, and only their age lets them go.
create table audit (
  no      bigint generated always as identity primary key,
  at      timestamptz not null,
  actor   text not null,                    -- key:<id>, user:<name>, env:<n>, anybody
  address text not null,
  action  text not null,                    -- the operation in the OpenAPI document
  device  text,
  target  text,                             -- the key or other thing that it was done to
  status  smallint not null,
  code    text not null,
  request text not null,
  before  bytea,                            -- hashes of what was changed
  after   bytea
);
create index audit_at on audit using brin (at);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.at < now() - interval '1 day' then
      return old;
    end if;
  end if;
  raise exception 'the audit log is only added to';
end $$;
create trigger audit_append_only before update or delete on audit
  for each row execute function audit_is_append_only();
create trigger audit_no_truncate before truncate on audit
  for each statement execute function audit_is_append_only();
