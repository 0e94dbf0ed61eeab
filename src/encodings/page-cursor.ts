/** Where the next page of a list goes on. Opaque to callers; the lists say what stands in theirs. */
import { isUuid } from '../ids.ts';

export function renderCursor(...parts: readonly (string | number)[]): string {
  return Buffer.from(parts.join(' '), 'utf8').toString('base64url');
}

/** What `renderCursor` was given, as texts; of another text anything: each part is to be checked. */
export function readCursor(cursor: string): readonly string[] {
  return Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
}

/** A place between two entries of a list that is sorted by time and id. */
export interface TimePosition {
  /** RFC 3339 UTC, to the microsecond where the list is. */
  readonly at: string;
  readonly id: string;
}

export function renderPosition({ at, id }: TimePosition): string {
  return renderCursor(at, id);
}

/** null where `renderPosition` never made it. */
export function readPosition(cursor: string): TimePosition | null {
  const [at = '', id = ''] = readCursor(cursor);
  return isCursorTime(at) && isUuid(id) ? { at, id } : null;
}

/** The first and the last day that PostgreSQL and partitions are asked for. */
const minTimeMs = 0;
const maxTimeMs = Date.parse('9998-12-31T00:00:00Z');

/** RFC 3339 in UTC with three or six digits of the second, of a day that there is. */
export function isCursorTime(text: string): boolean {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})(?:\d{3})?Z$/.exec(text);
  if (parts === null) return false;
  const wholeMs = `${parts[1]}Z`;
  const atMs = Date.parse(wholeMs);
  return atMs >= minTimeMs && atMs <= maxTimeMs && new Date(atMs).toISOString() === wholeMs;
}
