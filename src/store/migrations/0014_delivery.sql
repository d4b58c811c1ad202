-- How often the receiver refused the event after the cursor (`attempt` counts failures of the endpoint, which are no
-- event's), and the last seq of a batch that was tried and did not arrive: it is tried again as it was.
alter table lane
  add column refused   integer not null default 0,
  add column frozen_to bigint,
  -- Of a replay: where it began, and when.
  add column start_seq bigint,
  add column began_at  timestamptz;

-- A dead letter that somebody wants to be tried again comes back here, and is marked as told again.
alter table parked add column replay boolean not null default false;
