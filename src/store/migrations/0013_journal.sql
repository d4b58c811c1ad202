-- The journal by days, so that what is old is dropped as a whole. A day is that of the writing, in UTC. It refers to no device: a
-- partition that comes or goes would lock the devices for it; a trigger does what the reference did.
create sequence journal_pos;
alter table journal rename to journal_whole;
alter table journal_whole rename constraint journal_pkey to journal_whole_pkey;

create table journal (
  device_no integer not null,
  seq       bigint not null,
  id        text not null,
  event     text not null,
  jid       text not null default '',
  at        timestamptz not null,
  payload   bytea not null,                    -- empty: what was in it has been taken out
  day       date not null default (now() at time zone 'utc')::date,
  -- The order over all devices: (xid, pos) under the oldest transaction that runs. A number alone is drawn before its row can be seen.
  pos       bigint not null default nextval('journal_pos'),
  xid       xid8 not null default pg_current_xact_id(),
  primary key (device_no, seq, day)            -- a unique key must have the day in it
) partition by range (day);
create index journal_place on journal (xid, pos);
-- For a day that nobody has made a partition for: a clock may jump.
create table journal_default partition of journal default;
do $$
declare today date := (now() at time zone 'utc')::date;
begin
  for n in 0..3 loop
    execute format('create table %I partition of journal for values from (%L) to (%L)',
                   'journal_' || to_char(today + n, 'YYYYMMDD'), today + n, today + n + 1);
  end loop;
end $$;

-- Which event has this id. It outlives the event for a while, so that one that is told again is known.
create table seen (
  device_no integer not null,
  id        text not null collate "C",
  seq       bigint not null,
  day       date not null,
  primary key (device_no, id)
);
create index seen_day on seen using brin (day);

insert into journal (device_no, seq, id, event, jid, at, payload)
select device_no, seq, id, event, jid, at, payload from journal_whole
 order by max(at) over (partition by device_no order by seq), device_no, seq;
insert into seen (device_no, id, seq, day) select device_no, id, seq, day from journal;

alter table device
  add column degraded       boolean not null default false,  -- the last that was told of its health
  add column last_xid       xid8,                            -- of its newest event
  -- Events up to this number are not kept any more, and where the last of them stood among those of all devices.
  add column expired_seq    bigint not null default 0,
  add column expired_xid    xid8,
  add column expired_pos    bigint,
  add column event_days     integer,                         -- how long its events are kept; 0: until they are delivered; null: as the settings say
  add column event_payloads boolean not null default true,   -- false: what is in an event goes when it has been delivered
  add column stripped_seq   bigint not null default 0;       -- up to where that was done
update device d
   set degraded = true
 where (select j.event from journal_whole j
         where j.device_no = d.no and j.event in ('device.degraded', 'device.recovered')
         order by j.seq desc limit 1) = 'device.degraded';
drop table journal_whole;

create function forget_journal() returns trigger language plpgsql as $$
begin
  delete from journal where device_no = old.no;
  delete from seen where device_no = old.no;
  return null;
end $$;
create trigger device_journal after delete on device for each row execute function forget_journal();

-- One span for a backlog that goes on growing old.
create index dead_letter_span on dead_letter (endpoint_no, device_no, to_seq);
