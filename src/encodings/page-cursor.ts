/** Cursors of paged lists. They are opaque to callers; each list defines the parts of its own. */
import { isUuid } from '../ids.ts';

/** Encodes the parts as one text. */
export function renderCursor(...parts: readonly (string | number)[]): string {
  return Buffer.from(parts.join(' '), 'utf8').toString('base64url');
}

/** Decodes a cursor into its parts. The text comes from a caller, so each part must be checked. */
export function readCursor(cursor: string): readonly string[] {
  return Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
}

/** Of `limit` and one more rows that were asked for, those to show; the cursor of the next page, or null. */
export function pageOf<Row>(rows: readonly Row[], limit: number, cursorOf: (last: Row) => string) {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { shown, nextCursor: last === undefined ? null : cursorOf(last) };
}

/** A position between two entries of a list sorted by time and id. */
export interface TimePosition {
  /** RFC 3339 UTC, with microseconds if the list has them. */
  readonly at: string;
  readonly id: string;
}

/** Encodes a position as a cursor. */
export function renderPosition({ at, id }: TimePosition): string {
  return renderCursor(at, id);
}

/** Decodes a position; null if the cursor is not one of `renderPosition`. */
export function readPosition(cursor: string): TimePosition | null {
  const [at = '', id = ''] = readCursor(cursor);
  return isCursorTime(at) && isUuid(id) ? { at, id } : null;
}

/** The range of times that PostgreSQL and the partitions accept. */
const minTimeMs = 0;
const maxTimeMs = Date.parse('9998-12-31T00:00:00Z');

/** Whether the text is a valid RFC 3339 time in UTC with milliseconds or microseconds. */
export function isCursorTime(text: string): boolean {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})(?:\d{3})?Z$/.exec(text);
  if (parts === null) return false;
  const wholeMs = `${parts[1]}Z`;
  const atMs = Date.parse(wholeMs);
  return atMs >= minTimeMs && atMs <= maxTimeMs && new Date(atMs).toISOString() === wholeMs;
}
