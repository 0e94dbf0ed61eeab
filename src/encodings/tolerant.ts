/** Text and values from outside, which may be anything. */

/** Whether it is an object with members: no array, and not null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** undefined if it is not JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Decodes a name or value of a form or query, in which `+` is a blank. Undecodable text keeps its escapes. */
export function formDecoded(text: string): string {
  return percentDecoded(text.replaceAll('+', ' '));
}

/** The text itself if it is not percent-encoded UTF-8. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
