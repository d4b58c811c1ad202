/** A contact as WhatsApp's apps write it: a vCard 3.0 whose number names its account (`waid`). */
export function vcard(name: string, digits: string): string {
  const written = escaped(name);
  return [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `N:;${written};;;`,
    `FN:${written}`,
    `TEL;type=CELL;type=VOICE;waid=${digits}:+${digits}`,
    'END:VCARD',
  ].join('\n');
}

/** RFC 2426 §5: nothing in a value ends it, or begins a line of its own. */
function escaped(value: string): string {
  return value.replaceAll(/[\\;,]/g, '\\$&').replaceAll(/\r\n|[\r\n\u0085\u2028\u2029]/g, '\\n');
}
