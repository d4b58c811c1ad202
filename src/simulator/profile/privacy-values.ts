// The privacy categories and the values that each may have (whatsmeow types/user.go, whatsapp-rust iq/privacy.rs).

const CATEGORIES = {
  readreceipts: ['all', 'none'],
  profile: ['all', 'contacts', 'contact_blacklist', 'none'],
  status: ['all', 'contacts', 'contact_blacklist', 'none'],
  online: ['all', 'match_last_seen'],
  last: ['all', 'contacts', 'contact_blacklist', 'none'],
  groupadd: ['all', 'contacts', 'contact_blacklist', 'none'],
  calladd: ['all', 'known', 'contacts'],
  messages: ['all', 'contacts'],
  defense: ['off', 'on_standard'],
  stickers: ['all', 'contacts', 'contact_allowlist', 'none'],
} as const;

export type Category = keyof typeof CATEGORIES;

/** Everyone may see and do everything; `readreceipts: all` makes clients send real read receipts. */
export function defaultPrivacy(): Map<Category, string> {
  return new Map(Object.entries(CATEGORIES).map(([name, values]) => [name as Category, values[0]]));
}

export function isCategory(name: string | undefined): name is Category {
  return name !== undefined && Object.hasOwn(CATEGORIES, name);
}

export function isValueOf(category: Category, value: string | undefined): value is string {
  return (CATEGORIES[category] as readonly (string | undefined)[]).includes(value);
}

/** `contact_blacklist` and `contact_allowlist` come with a list of people. */
export function hasList(value: string | undefined): boolean {
  return value === 'contact_blacklist' || value === 'contact_allowlist';
}
