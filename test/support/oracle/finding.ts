// What the judge finds, and the small things that its rules share.

/** The standing oracle's O1 to O7, and what else must hold. */
export const rules = {
  O1: 'what a device receipted is in its journal, and nothing that was made for it is left over',
  O2: 'no message key was used for two ciphertexts, no one-time pre-key for two sessions',
  O3: 'numbers of a journal have no gap',
  O4: 'every event was answered with 2xx by the receiver',
  O5: 'events of a device came first in their order',
  O6: 'a device never had two live connections',
  O7: 'processes ended as they were to, and complained of nothing unhandled',
  sends: 'what was accepted reached every device of the chat, once',
  receipts: "others' receipts for what a device sent are in its journal",
  twice: 'one message is one event, one text one message, and one event has one body',
  decrypt: 'nobody failed to decrypt what another sent',
} as const;

export type Rule = keyof typeof rules;

/** One breach: which rule, and which message at which device and when, as far as that is known. */
export interface Finding {
  readonly rule: Rule;
  readonly what: string;
  readonly message?: string;
  readonly device?: string;
  /** Milliseconds since 1970. */
  readonly at?: number;
}

export function grouped<T>(values: Iterable<T>, by: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = by(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}

/** `15550001:3@s.whatsapp.net` is of the user `15550001`. */
export const userOf = (jid: string) => jid.replace(/[:@].*$/, '');

/** The account of a device's JID. */
export const accountOf = (jid: string) => jid.replace(/:\d+@/, '@');
