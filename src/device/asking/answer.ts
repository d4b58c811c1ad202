/** Answers of WhatsApp, as far as Baileys' `query` does not look at them itself. */
import { type BinaryNode, getBinaryNodeChild } from '@whiskeysockets/baileys';

/** A number with which WhatsApp refused something where Baileys does not look for one: in an ack, in a mex answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly data: number;

  constructor(number: number, message: string) {
    super(message);
    this.data = number;
  }
}

/** What a query was answered with. Baileys' resolves with undefined when there was none in time. */
export function answered(answer: BinaryNode | undefined): BinaryNode {
  if (!answer) throw new Error('WhatsApp did not answer');
  const { error } = answer.attrs;
  if (answer.tag === 'ack' && error !== undefined) throw new Refusal(Number(error), 'refused');
  return answer;
}

/** The child that an answer must have. */
export function childOf(answer: BinaryNode, tag: string): BinaryNode {
  const child = getBinaryNodeChild(answer, tag);
  if (!child) throw new Error(`the answer has no ${tag}`);
  return child;
}
