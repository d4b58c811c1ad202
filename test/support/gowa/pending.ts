/** What is not there yet; it may only get shorter. */
export const pending = new Set<string>(['userChangeAvatar']);
