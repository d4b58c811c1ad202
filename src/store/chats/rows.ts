/** What a device has heard of its chats, sealed and ready to be written. */

/** A chat by its JID, and the other name of its person: the LID of a number. */
export interface ChatName {
  readonly jid: string;
  readonly also?: string | undefined;
}

/** A person whose number and LID are known. */
export interface Pair {
  readonly pn: string;
  readonly lid: string;
}

/** What was said, as it is shown and as it was sent. */
export interface Content {
  readonly said: Buffer;
  readonly message: Buffer;
  readonly grams: readonly number[];
}

export interface MessageRow {
  readonly chat: ChatName;
  readonly id: string;
  /** '' for the account itself and for the other person of a chat with one. */
  readonly sender: string;
  readonly fromMe: boolean;
  readonly at: Date;
  readonly kind: string;
  /** Absent when it was revoked before we heard of it. */
  readonly content?: Content;
  readonly status: number;
  readonly starred: boolean;
  /** It has come now, and not with the history. */
  readonly live: boolean;
}

/** Pinned for all in the chat, for ever without an end; or not any more, when `at` is null. */
export interface Pin {
  readonly at: Date | null;
  readonly until: Date | null;
}

/** What became of a message. With `sender` it is that one's doing. */
export interface MessageChange {
  readonly chat: ChatName;
  readonly id: string;
  readonly fromMe?: boolean;
  readonly sender?: string;
  /** A message of somebody else, which an administrator of a group may revoke. */
  readonly group?: boolean;
  readonly edited?: Content & { readonly at: Date };
  readonly revokedAt?: Date;
  readonly starred?: boolean;
  readonly pin?: Pin;
  readonly kept?: boolean;
  readonly status?: number;
  /** Removed from this account's devices. */
  readonly gone?: true;
}

/** The last word of a person to a message, which the next one takes the place of. */
interface LastWord {
  readonly chat: ChatName;
  readonly messageId: string;
  readonly sender: string;
  readonly fromMe: boolean;
  readonly at: Date;
}

export interface ReactionRow extends LastWord {
  /** null: taken back. */
  readonly emoji: Buffer | null;
}

/** A vote in a poll, or whether somebody comes to an event. */
export interface AnswerRow extends LastWord {
  /** null: taken back. */
  readonly answer: Buffer | null;
}

/** What of a chat has changed; what is not given stays. */
export interface ChatPatch {
  readonly chat: ChatName;
  readonly name?: Buffer;
  readonly lastAt?: Date;
  readonly unread?: number;
  /** Another device of the account has read the chat up to this message. */
  readonly readUpTo?: string;
  readonly archived?: boolean;
  readonly pinnedAt?: Date | null;
  readonly mutedUntil?: Date | null;
  readonly ephemeral?: number;
}

export interface ContactRow {
  readonly jid: string;
  readonly lid?: string | undefined;
  readonly name?: Buffer | undefined;
  readonly pushName?: Buffer | undefined;
  readonly businessName?: Buffer | undefined;
}

/** A chat that the account has removed, or emptied. */
export interface ChatEnd {
  readonly chat: ChatName;
  readonly keep: boolean;
}

/** In the order in which it is written. */
export interface ChatRows {
  readonly pairs: readonly Pair[];
  readonly messages: readonly MessageRow[];
  readonly changes: readonly MessageChange[];
  readonly reactions: readonly ReactionRow[];
  readonly answers: readonly AnswerRow[];
  readonly patches: readonly ChatPatch[];
  readonly contacts: readonly ContactRow[];
  readonly ends: readonly ChatEnd[];
  /** Off: chats and names are kept, what is said in them is not. */
  readonly keep: boolean;
}

export const sizeOfRows = ({ keep: _, ...rows }: ChatRows): number =>
  Object.values(rows).reduce((sum: number, part: readonly unknown[]) => sum + part.length, 0);

/** A person's JID: a number or a LID. */
export const isPerson = (jid: string): boolean => jid.endsWith('@s.whatsapp.net') || jid.endsWith('@lid');
