/**
 * Whether a header can carry a credential: Latin-1 at most, and no line ends (RFC 9110, 5.5). Sent all the same, it would
 * look like a broken connection.
 */
export function isHeaderText(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}

/** Of an account whose credential is none, such as a key with a letter of another alphabet in it. */
export const unsendable = {
  kind: 'denied',
  message: 'the credential holds characters that no header can carry',
} as const;
