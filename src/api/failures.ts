// What routes may answer, in groups: beside the failures of its device, its body and its credential.
import type { ErrorCode } from '../errors.ts';

type Codes = readonly ErrorCode[];

/** Every command on a device, whatever state that is in. */
export const commandFailures = [
  'DEVICE_ELSEWHERE',
  'SHARD_UNAVAILABLE',
  'STORE_UNAVAILABLE',
  'STORE_FULL',
  'SHUTTING_DOWN',
  'GATEWAY_TIMEOUT',
] as const satisfies Codes;

/** Every command that needs the device's connection to WhatsApp. */
export const lineFailures = [
  ...commandFailures,
  'DEVICE_NOT_LINKED',
  'DEVICE_STOPPED',
  'DEVICE_NOT_CONNECTED',
  'DEVICE_CRASHED',
] as const satisfies Codes;

/** Every command that asks WhatsApp for something (`ask` in device/asking/command.ts). */
export const whatsappFailures = [
  ...lineFailures,
  'OUTCOME_UNKNOWN',
  'WA_BAD_REQUEST',
  'WA_FORBIDDEN',
  'WA_NOT_FOUND',
  'WA_CONFLICT',
  'WA_RATE_LIMITED',
  'WA_UNEXPECTED',
] as const satisfies Codes;

/** Every request to WhatsApp about a person, a group or a channel that the caller names. */
export const addressedFailures = [...whatsappFailures, 'INVALID_JID'] as const satisfies Codes;

/** Every change of what the devices of an account share (device/asking/app-state.ts). */
export const sharedFailures = [...whatsappFailures, 'APP_STATE_UNAVAILABLE'] as const satisfies Codes;

/** Every message (`send` in device/sending/sending.ts). */
export const sendFailures = [
  ...lineFailures,
  'INVALID_JID',
  'WA_BAD_REQUEST',
  'WA_FORBIDDEN',
  'WA_NOT_FOUND',
  'WA_CONFLICT',
  'WA_REACHOUT_TIMELOCK',
  'MESSAGE_REFUSED',
] as const satisfies Codes;
