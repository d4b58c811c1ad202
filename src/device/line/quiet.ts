import type { SocketConfig } from '@whiskeysockets/baileys';

const nothing = () => {};

/** A logger for Baileys that says nothing: it logs JIDs, nodes and keys as it goes. */
export const quiet: SocketConfig['logger'] = {
  level: 'silent',
  child: () => quiet,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
};
