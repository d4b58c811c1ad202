/**
 * Why a message could not be decrypted, or a session not be used. The sentence is what Baileys carries on (as the first
 * stub parameter of a message that did not decrypt), so it names no number and no key, and the reason can be read from it.
 */
import { MISSING_KEYS_ERROR_TEXT } from '@whiskeysockets/baileys';

const sentences = {
  /**
   * Baileys' own sentence: to it alone it answers with an acknowledgement and no request to send the message again
   * (Socket/messages-recv.js, handleMessage).
   */
  duplicate: MISSING_KEYS_ERROR_TEXT,
  no_session: 'There is no session with this device',
  no_sender_key: 'There is no sender key of this device for the message',
  unknown_prekey: 'The message names a pre-key that is not there',
  bad_mac: 'The message does not fit the session (bad MAC)',
  bad_signature: 'The signature is wrong',
  too_far_ahead: 'The message is too far ahead of the last one',
  corrupt_session: 'The stored session cannot be read',
  malformed: 'This is no Signal message',
} as const;

export type UndecryptableReason = keyof typeof sentences;

export class Undecryptable extends Error {
  readonly reason: UndecryptableReason;

  constructor(reason: UndecryptableReason, cause?: unknown) {
    super(sentences[reason], { cause });
    this.name = 'Undecryptable';
    this.reason = reason;
  }
}

/** The reason behind the sentence that Baileys has kept of an error; `undefined` for any other sentence. */
export function reasonOf(sentence: string): UndecryptableReason | undefined {
  const entries = Object.entries(sentences) as [UndecryptableReason, string][];
  return entries.find(([, text]) => text === sentence)?.[0];
}

/**
 * What the wasm throws, a string, by its words (whatsapp-rust's SignalProtocolError, in its debug form for one session
 * and in its sentence for a group). The first that fits counts.
 */
const words: readonly (readonly [RegExp, UndecryptableReason])[] = [
  [/DuplicatedMessage\(|message with old counter/, 'duplicate'],
  [/SessionNotFound|session with .* not found/, 'no_session'],
  [/no sender key/, 'no_sender_key'],
  [/Invalid(Signed)?PreKeyId/, 'unknown_prekey'],
  [/too far into the future/, 'too_far_ahead'],
  [/InvalidMessage\((Whisper|PreKey), "decryption failed"\)/, 'bad_mac'],
  [/invalid signature|SignatureValidationFailed/, 'bad_signature'],
  [/InvalidSessionStructure|invalid session|sender key session/, 'corrupt_session'],
];

/** Our error for what the wasm threw. It is never about the store: nothing in the wasm reaches it. */
export function undecryptable(thrown: unknown): Undecryptable {
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  const reason = words.find(([pattern]) => pattern.test(said))?.[1] ?? 'malformed';
  return new Undecryptable(reason, thrown instanceof Error ? thrown : new Error(said));
}
