-- What people answered to messages: votes in polls, and whether they come to an event. The last word of each person.
create table chat_answer (
  device_no  integer not null,
  chat_no    bigint not null,
  message_id text not null collate "C",
  sender     text not null collate "C",     -- as in chat_message
  from_me    boolean not null,
  answer     bytea not null,                -- sealed JSON
  at         timestamptz not null,
  primary key (device_no, chat_no, message_id, sender, from_me),
  foreign key (device_no, chat_no) references chat on delete cascade
);

-- Pinned for all in the chat, and kept by somebody although it was to disappear.
alter table chat_message add column pinned_at timestamptz,
                         add column pinned_until timestamptz,
                         add column kept boolean not null default false;

-- As of messages: who is known by LID alone is looked up when the number becomes known.
create index chat_reaction_lid on chat_reaction (device_no, sender) where sender like '%@lid';
create index chat_answer_lid on chat_answer (device_no, sender) where sender like '%@lid';
