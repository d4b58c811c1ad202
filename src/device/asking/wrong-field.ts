/** A field of a request that only the device can judge: it took the chat, the message or the group to see that it is wrong. */
import { Failure } from '../../errors.ts';

/** Says it as the API says what it finds wrong itself (api/validate.ts). */
export function wrongField(field: string, sentence: string): Failure {
  return new Failure('VALIDATION_ERROR', `${field}: ${sentence}.`, { results: { field } });
}
