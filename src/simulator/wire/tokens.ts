// The words that stanzas are made of, by number: version 3 of the dictionary, as the intro header says. The tables are
// Baileys' own (WABinary/constants); whatsmeow binary/token has the same.
import {
  DOUBLE_BYTE_TOKENS,
  SINGLE_BYTE_TOKENS,
  TAGS,
} from '@whiskeysockets/baileys/lib/WABinary/constants.js';

/** First bytes of what is not a word (protocol.md 1.3). */
export const LIST_EMPTY = TAGS.LIST_EMPTY;
export const DICTIONARY_0 = TAGS.DICTIONARY_0;
export const INTEROP_JID = TAGS.INTEROP_JID;
export const FB_JID = TAGS.FB_JID;
export const AD_JID = TAGS.AD_JID;
export const LIST_8 = TAGS.LIST_8;
export const LIST_16 = TAGS.LIST_16;
export const JID_PAIR = TAGS.JID_PAIR;
export const HEX_8 = TAGS.HEX_8;
export const BINARY_8 = TAGS.BINARY_8;
export const BINARY_20 = TAGS.BINARY_20;
export const BINARY_32 = TAGS.BINARY_32;
export const NIBBLE_8 = TAGS.NIBBLE_8;

/** Characters of a packed string at most: its length in bytes has 7 bits, and one says that the last half is unused. */
export const PACKED_MAX = TAGS.PACKED_MAX;

export const DICTIONARIES: readonly (readonly string[])[] = DOUBLE_BYTE_TOKENS;

/** Index 0 is the empty list and no word. */
export const WORDS: readonly string[] = SINGLE_BYTE_TOKENS;

/** Domain types of an AD_JID (Baileys WAJIDDomains; whatsmeow types/jid.go). */
export const DOMAIN_TYPES: Readonly<Record<number, string>> = {
  0: 's.whatsapp.net',
  1: 'lid',
  128: 'hosted',
  129: 'hosted.lid',
};

/** Word -> its byte, or its dictionary's tag and its index as 16 bits. Of a word with both forms the longer counts, as in Baileys. */
export const WORD_CODES: ReadonlyMap<string, number> = new Map([
  ...WORDS.map((word, index): [string, number] => [word, index]).slice(1),
  ...DICTIONARIES.flatMap((words, dictionary) =>
    words.map((word, index): [string, number] => [word, ((DICTIONARY_0 + dictionary) << 8) | index]),
  ),
]);
