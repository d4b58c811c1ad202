// A past that a phone is said to have had: so many chats, decided by a seed. Only this description is kept; the chats are
// made whenever somebody needs them, always the same.

/** What a generated past is made from. */
export interface PastSpec {
  /** Any text: the same gives the same people, texts, times and ids. */
  readonly seed: string;
  /** Chats with one person each. */
  readonly chats: number;
  readonly groups: number;
  /** In each chat, on average; from half to one and a half of it. */
  readonly messagesPerChat: number;
  /** How far it goes back, in days. */
  readonly days: number;
  /** Unix seconds of the newest message. */
  readonly until: number;
  /** In which form people are named as chats. */
  readonly addressing: 'pn' | 'lid';
}

/** One person of a generated past. */
export interface PastPerson {
  /** Digits. */
  readonly phone: string;
  /** What that person calls itself. */
  readonly pushName: string;
  /** The name in the phone's address book; absent for strangers. */
  readonly savedAs: string | undefined;
}
