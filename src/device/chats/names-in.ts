/** Whom something that was heard names: their other names are looked up before it is written. */
import { contextOf } from '../translate/content/context.ts';
import { unwrap } from '../translate/content/unwrap.ts';
import type { Heard } from './hearing.ts';

type Name = string | null | undefined;
export type Names = readonly [one: Name, other?: Name];

/** Every person that it names, with both names where it has both. */
export function namesIn(heard: Heard): Names[] {
  switch (heard.what) {
    case 'pair':
      return [[heard.pn, heard.lid]];
    case 'message': {
      const { key, participant, message, reactions, pollUpdates, eventResponses } = heard.message;
      const { quoted, mentions = [] } = message ? contextOf(unwrap(message).content) : {};
      const answers = [
        ...(reactions ?? []).map(({ key }) => key),
        ...(pollUpdates ?? []).map(({ pollUpdateMessageKey }) => pollUpdateMessageKey),
        ...(eventResponses ?? []).map(({ eventResponseMessageKey }) => eventResponseMessageKey),
      ];
      return [
        [key.remoteJid, key.remoteJidAlt],
        [key.participant || participant, key.participantAlt],
        ...[quoted?.from, ...mentions].map((jid): Names => [jid]),
        ...answers.map((by): Names => [by?.participant]),
      ];
    }
    case 'update':
      return [[heard.update.key.remoteJid], [heard.update.key.participant]];
    case 'removed':
      return [[heard.key.remoteJid], [heard.key.participant]];
    case 'chat': {
      const { id, pnJid, lidJid } = heard.chat;
      return [[id, id?.endsWith('@lid') ? pnJid : lidJid]];
    }
    case 'contact': {
      const { id, lid, phoneNumber } = heard.contact;
      return [[id, id?.endsWith('@lid') ? phoneNumber : lid]];
    }
    case 'call':
      return [[heard.call.from, heard.call.callerPn]];
    case 'group':
      return [];
    case 'ended':
      return [[heard.jid]];
  }
}
