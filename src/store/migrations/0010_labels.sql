-- Labels of chats and messages, as the devices of the account share them.
create table label (
  device_no integer not null references device on delete cascade,
  id        text not null collate "C",
  value     bytea not null,                  -- sealed: name, colour, and whether it was deleted
  primary key (device_no, id)
);

-- What bears which; an empty message is the chat itself.
create table label_association (
  device_no integer not null references device on delete cascade,
  label_id  text not null collate "C",
  chat      text not null collate "C",
  message   text not null collate "C" default '',
  primary key (device_no, label_id, chat, message)
);
