// The small requests about oneself: going active, pings, server properties (protocol.md 5.2, 5.3).
import { activate } from '../linking/login.ts';
import { nonContactProps } from '../profile/non-contact.ts';
import { node } from '../wire/stanza.ts';
import type { Answer } from './request.ts';

const nothing: Answer = () => [];

/**
 * Server properties that Baileys reads (chats.ts fetchProps): tokens go with 1:1 messages (10518) and picture requests
 * (9666), and are issued to the number, not the LID (14303).
 */
const PROPS: Readonly<Record<string, string>> = { '10518': '1', '9666': '1', '14303': '0' };
const PROPS_HASH = 'simulated';

const props: Answer = ({ device, content }) => {
  const attrs = { protocol: content?.attrs.protocol ?? '1', hash: PROPS_HASH, refresh: '86400' };
  const all = Object.entries({ ...PROPS, ...nonContactProps(device.account) }).map(
    ([config_code, config_value]) => node('prop', { config_code, config_value }),
  );
  return [node('props', attrs, all)];
};

/** The one bot that every account finds (Baileys chats.ts getBotListV2). */
const bots: Answer = () => {
  const all = [node('bot', { jid: '867051314767696@bot', persona_id: '867051314767696$760019659443059' })];
  return [node('bot', { v: '2' }, [node('section', { type: 'all', name: 'All' }, all)])];
};

export const accountIqs: Readonly<Record<string, Answer>> = {
  'passive/set/active': ({ device, after }) => {
    // What follows the answer is the offline queue.
    after(() => activate(device));
    return [];
  },
  'passive/set/passive': nothing,
  'w:p': nothing,
  'w:stats': nothing,
  // Accepting the terms of channels (whatsmeow newsletter.go AcceptTOSNotice).
  tos: nothing,
  abt: props,
  bot: bots,
};
