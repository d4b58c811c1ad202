// The chat store, as routes see it.

/** Where a page goes on: the time and the number of the row beside it. */
export interface Place {
  readonly at: Date;
  readonly no: number;
}

/** A part of a list that is told from the newest: by counting, or from a place. */
export interface Part {
  readonly limit: number;
  readonly offset?: number;
  readonly before?: Place | undefined;
  readonly after?: Place | undefined;
}

export interface ChatView {
  readonly no: number;
  readonly jid: string;
  /** The other address of its person, where that is known. */
  readonly lid: string | null;
  readonly name: string;
  readonly lastAt: Date | null;
  /** -1: marked as unread by hand. */
  readonly unread: number;
  readonly archived: boolean;
  readonly pinnedAt: Date | null;
  readonly mutedUntil: Date | null;
  /** Seconds until messages disappear; 0: they stay. */
  readonly ephemeral: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface ReactionView {
  readonly emoji: string;
  readonly sender: string;
  readonly senderName: string;
  readonly fromMe: boolean;
  readonly at: Date;
}

/** A vote in a poll, or whether somebody comes to an event, in the words of its event. */
export interface AnswerView {
  readonly said: Readonly<Record<string, unknown>>;
  readonly sender: string;
  readonly senderName: string;
  readonly fromMe: boolean;
  readonly at: Date;
}

/** What was said; of a message that was revoked all texts are ''. */
export interface SaidView {
  readonly no: number;
  readonly chat: string;
  readonly id: string;
  readonly sender: string;
  readonly senderName: string;
  readonly fromMe: boolean;
  readonly at: Date;
  readonly kind: string;
  readonly text: string;
  readonly filename: string;
  readonly mimetype: string;
  readonly url: string;
  readonly length: number;
  readonly call?: Readonly<Record<string, unknown>>;
  /** What else its event says of it, under the same names. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly starred: boolean;
  readonly editedAt: Date | null;
  readonly revokedAt: Date | null;
  readonly pinnedAt: Date | null;
  /** null: for ever, of one that is pinned. */
  readonly pinnedUntil: Date | null;
  readonly kept: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly reactions: readonly ReactionView[];
  readonly answers: readonly AnswerView[];
}

export interface ContactView {
  readonly jid: string;
  readonly lid: string | null;
  readonly saved: string;
  readonly push: string;
  readonly business: string;
}

export interface SaidFilter {
  readonly chatNo?: number | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  readonly mediaOnly?: boolean | undefined;
  readonly fromMe?: boolean | undefined;
}

/** The chat store, by the device's number. `total` is left out where nobody counts. Fails with STORE_UNAVAILABLE. */
export interface Chats {
  chats(
    deviceNo: number,
    filter: {
      readonly part: Part;
      readonly search?: string | undefined;
      readonly archived?: boolean | undefined;
      readonly hasMedia?: boolean | undefined;
    },
  ): Promise<{ readonly chats: readonly ChatView[]; readonly total?: number }>;
  chat(deviceNo: number, jid: string): Promise<ChatView | undefined>;
  messages(
    deviceNo: number,
    self: { readonly jid: string; readonly name: string },
    filter: SaidFilter,
    part: Part,
  ): Promise<{ readonly messages: readonly SaidView[]; readonly total?: number }>;
  /** `last` is from where to go on, when not all was looked through or told. */
  search(
    deviceNo: number,
    self: { readonly jid: string; readonly name: string },
    query: string,
    filter: SaidFilter,
    part: Part,
  ): Promise<{
    readonly messages: readonly SaidView[];
    readonly total: number;
    readonly complete: boolean;
    readonly last?: Place;
  }>;
  contacts(deviceNo: number): Promise<readonly ContactView[]>;
  /** What the people of these JIDs are called, as far as that is known. */
  names(deviceNo: number, jids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}
