/**
 * Whether a header can carry this credential: Latin-1 at most, and no line ends (RFC 9110, 5.5). Node would refuse to
 * send it, which would look like a broken connection.
 */
export function isHeaderText(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}

/** The verdict for an invalid credential, such as a key that contains a letter of another alphabet. */
export const unsendable = {
  kind: 'denied',
  message: 'the credential holds characters that no header can carry',
} as const;
