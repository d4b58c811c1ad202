/**
 * What keys are for: `read` what devices have and hear, `send` messages, `write` what else people see (chats, groups, profile),
 * `devices` make, pair, set up and remove them, `admin` keys and the audit log.
 */
export const scopes = ['read', 'send', 'write', 'devices', 'admin'] as const;
export type Scope = (typeof scopes)[number];
