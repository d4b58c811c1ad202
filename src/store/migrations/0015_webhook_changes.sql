-- Counts the changes of webhooks for all devices and for one, so that deliverers of other nodes hear of them.
create table endpoint_version (
  one     boolean primary key default true check (one),
  version bigint not null default 0
);
insert into endpoint_version default values;
