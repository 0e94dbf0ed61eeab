/** The payload of a delivery as an event shows it. */
import type { ReadBody } from './read-body.ts';

/** JSON nested deeper than this overflows the parsers of common consumers, and PostgreSQL's. */
const maxPublishedDepth = 200;

export interface RenderedPayload {
  /** JSON text: exactly the sender's own, or a string for other text; `null` if it cannot be sent. */
  readonly json: string;
  /** The payload alone does not preserve the bytes. */
  readonly needsRaw: boolean;
  readonly isTooLarge: boolean;
}

export function renderPayload(read: ReadBody, maxBytes: number): RenderedPayload {
  const isTooDeep = read.json !== null && isDeeperThan(read.parsed, maxPublishedDepth);
  const shown = isTooDeep ? null : (read.json ?? read.text);
  if (shown === null) return { json: 'null', needsRaw: true, isTooLarge: read.isPacked };
  if (shown.length > maxBytes) return { json: 'null', needsRaw: true, isTooLarge: true };
  return { json: read.json === null ? JSON.stringify(shown) : shown, needsRaw: !read.isWhole, isTooLarge: false };
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isDeeperThan(item, depth - 1));
  const members = value as Record<string, unknown>;
  for (const name of Object.keys(members)) if (isDeeperThan(members[name], depth - 1)) return true;
  return false;
}
