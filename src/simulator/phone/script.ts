// What a phone does by itself with the messages it gets: rules, of which the first that suits a message is followed.
import type { proto } from '@whiskeysockets/baileys';
import { withoutPlus } from '../accounts/naming.ts';
import type { Composition } from './compose.ts';
import type { Incoming } from './inbox.ts';
import { summaryOf } from './text.ts';

/** How a phone behaves by itself. `reply`, `afterMs` and `reads` are the short form of one rule, which comes last. */
export interface Script {
  readonly rules?: readonly Rule[] | undefined;
  /** Sent back for every text; `{text}` is what came. */
  readonly reply?: string | undefined;
  /** Milliseconds before it reads and replies. */
  readonly afterMs?: number | undefined;
  /** Sends a read receipt. */
  readonly reads?: boolean | undefined;
}

export interface Rule {
  readonly when?: Condition | undefined;
  readonly do: readonly Step[];
}

/** Everything given must suit. Text is compared without regard to upper and lower case. */
export interface Condition {
  readonly text?:
    | {
        readonly equals?: string | undefined;
        readonly contains?: string | undefined;
        readonly startsWith?: string | undefined;
      }
    | undefined;
  /** `text`, `image`, `reaction`, …; absent: whatever a person would answer. */
  readonly kind?: string | undefined;
  /** `person`, `group`, or the JID of a chat. */
  readonly chat?: string | undefined;
}

export type Step =
  /** Waits so many milliseconds. */
  | { readonly after: number }
  /** Is seen to type, or to record, for so many milliseconds. */
  | { readonly type: number }
  | { readonly record: number }
  | { readonly read: true }
  | { readonly react: string }
  /** A text, or any message; in it `{text}`, `{name}` and `{id}` stand for what came, from whom, and its id. */
  | { readonly reply: string | Composition }
  | { readonly call: { readonly video?: boolean | undefined; readonly ringMs?: number | undefined } }
  | { readonly available: true }
  | { readonly unavailable: true };

/** What somebody only notices: a rule without `kind` does not answer it. */
const NOTICED = new Set([
  'reaction',
  'encReaction',
  'protocol',
  'edited',
  'pollUpdate',
  'pinInChat',
  'empty',
]);

/** What the phone does about this message; nothing for most. */
export function stepsFor(script: Script, incoming: Incoming): readonly Step[] {
  // A status is nothing to reply to.
  if (incoming.chat.kind === 'status') return [];
  const rule = script.rules?.find(({ when }) => suits(when ?? {}, incoming));
  return rule ? rule.do : shortForm(script, incoming.message);
}

function suits({ text, kind, chat }: Condition, incoming: Incoming): boolean {
  const came = summaryOf(incoming.message);
  if (kind === undefined ? NOTICED.has(came.type) : kind !== came.type) return false;
  if (chat !== undefined && chat !== incoming.chat.kind && !isChat(chat, incoming)) return false;
  if (!text) return true;
  const said = came.text.toLowerCase();
  const { equals, contains, startsWith } = text;
  return (
    (equals === undefined || said === equals.toLowerCase()) &&
    (contains === undefined || said.includes(contains.toLowerCase())) &&
    (startsWith === undefined || said.startsWith(startsWith.toLowerCase()))
  );
}

/** The chat by its JID; a person in either form, or by number. */
function isChat(wanted: string, { chat, from }: Incoming): boolean {
  if (chat.kind === 'group') return wanted === chat.group.jid;
  const [user, domain] = withoutPlus(wanted).split('@');
  return user === (domain === 'lid' ? from.account.lid : from.account.phone);
}

function shortForm({ reply, afterMs = 0, reads }: Script, message: proto.IMessage): Step[] {
  const steps: Step[] = [];
  if (afterMs > 0) steps.push({ after: afterMs });
  if (reads) steps.push({ read: true });
  if (reply !== undefined && summaryOf(message).type === 'text') steps.push({ reply });
  return steps;
}
