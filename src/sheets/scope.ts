/** What a spreadsheet's cached answers have in common, and which of them a write can have changed. */
import type { ResponseCache } from '../cache/response-cache.ts';
import type { TenantId } from '../ids.ts';
import { type A1Range, A1SyntaxError, mayOverlap, parseA1, printA1 } from './a1.ts';

export const scopeKind = 'spreadsheet';

export function scopeOf(spreadsheetId: string): string {
  return `${scopeKind}:${spreadsheetId}`;
}

/** For the response cache: a detail is a range in A1 notation, as `printA1` writes it. */
export function rangesOverlap(stored: string, invalidated: string): boolean {
  try {
    return mayOverlap(parseA1(stored), parseA1(invalidated));
  } catch (error) {
    if (error instanceof A1SyntaxError) return true; // Written by another version: better a miss than an old answer.
    throw error;
  }
}

/** Ranges in one invalidation; where a batch changed more, everything of the spreadsheet is let go. */
const maxDetails = 64;

/**
 * Lets go of what a change to these ranges can have altered, in every layer and on every replica. Resolves when none of
 * it is served any more. Values that formulas elsewhere make of the changed cells are not followed: they are as old as
 * the cache allows, and `Cache-Control: no-cache` reads them fresh.
 */
export async function forgetRanges(
  cache: Pick<ResponseCache, 'invalidate'>,
  tenantId: TenantId,
  spreadsheetId: string,
  ranges: readonly A1Range[],
): Promise<void> {
  const details = [...new Set(ranges.map(printA1))];
  const scope = scopeOf(spreadsheetId);
  await cache.invalidate(tenantId, details.length > maxDetails ? { scope } : { scope, details });
}
