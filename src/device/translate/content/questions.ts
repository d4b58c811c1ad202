/** Polls and calendar events, and what became of them. */
import { proto } from '@whiskeysockets/baileys';
import { type Fields, flag, given, list, nameIn, number, positive, text, timestamp } from '../read.ts';
import { locationFields } from './cards.ts';

const { PollType } = proto.Message;

export type Poll = proto.Message.IPollCreationMessage;

/** The five versions differ in what older clients show of them; the fourth came in an envelope. */
export const pollIn = (content: proto.IMessage): Poll | undefined =>
  content.pollCreationMessage ??
  content.pollCreationMessageV2 ??
  content.pollCreationMessageV3 ??
  content.pollCreationMessageV5 ??
  undefined;

export const optionsOf = (poll: Poll): string[] =>
  list(poll.options).flatMap(option => text(option.optionName) ?? []);

export function pollFields(poll: Poll): Fields {
  const type = nameIn(PollType, poll.pollType);
  return given({
    name: text(poll.name) ?? '',
    options: optionsOf(poll),
    // 0 is any number (Utils/messages.ts, generateWAMessageContent).
    selectable_count: number(poll.selectableOptionsCount) ?? 0,
    type: type === 'QUIZ' ? 'quiz' : undefined,
    correct_answer: text(poll.correctAnswer?.optionName),
  });
}

export const snapshotIn = (content: proto.IMessage) =>
  content.pollResultSnapshotMessage ?? content.pollResultSnapshotMessageV3 ?? undefined;

export function snapshotFields(snapshot: proto.Message.IPollResultSnapshotMessage): Fields {
  const votes = list(snapshot.pollVotes).map(vote => ({
    option: text(vote.optionName) ?? '',
    votes: number(vote.optionVoteCount) ?? 0,
  }));
  return { name: text(snapshot.name) ?? '', votes };
}

export function eventFields(event: proto.Message.IEventMessage): Fields {
  return given({
    name: text(event.name) ?? '',
    description: text(event.description),
    start_time: timestamp(event.startTime),
    end_time: timestamp(event.endTime),
    location: event.location ? locationFields(event.location) : undefined,
    join_link: text(event.joinLink),
    canceled: flag(event.isCanceled),
    extra_guests_allowed: flag(event.extraGuestsAllowed),
    scheduled_call: flag(event.isScheduleCall),
    reminder_seconds: positive(event.reminderOffsetSec),
  });
}
