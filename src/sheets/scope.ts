/** The cache scope of a spreadsheet, and which of its cached answers a write can have changed. */
import type { ResponseCache } from '../cache/response-cache.ts';
import { resolveProviders } from '../gateway/resolve-providers.ts';
import type { TenantId } from '../ids.ts';
import { type A1Range, A1SyntaxError, mayOverlap, parseA1, printA1 } from './a1.ts';
import type { SheetsCapabilities } from './capabilities.ts';

export const scopeKind = 'spreadsheet';

export function scopeOf(spreadsheetId: string): string {
  return `${scopeKind}:${spreadsheetId}`;
}

/** For the response cache: a detail is a range in A1 notation, as `printA1` writes it. */
export function rangesOverlap(stored: string, invalidated: string): boolean {
  try {
    return mayOverlap(parseA1(stored), parseA1(invalidated));
  } catch (error) {
    // Written by another version: drop it rather than serve an old answer.
    if (error instanceof A1SyntaxError) return true;
    throw error;
  }
}

/** Maximum number of ranges in one invalidation; above it, all answers of the spreadsheet are dropped. */
const maxDetails = 64;

export interface ForgetDeps {
  readonly cache: Pick<ResponseCache, 'invalidate'>;
  readonly calls: Parameters<typeof resolveProviders>[0];
  readonly capabilities: Pick<SheetsCapabilities, 'read'>;
}

/**
 * Drops every answer that a change to these ranges can have altered, from every layer and on every replica: all answers
 * of the spreadsheet, since formulas anywhere may depend on the cells, or only those of the ranges if the tenant's
 * services set `config.formulas: "none"`. Resolves when none of them is served any more.
 */
export async function forgetRanges(
  deps: ForgetDeps,
  tenantId: TenantId,
  spreadsheetId: string,
  ranges: readonly A1Range[],
): Promise<void> {
  const scope = scopeOf(spreadsheetId);
  const details = [...new Set(ranges.map(printA1))];
  const isWhole = details.length > maxDetails || (await mayHaveFormulas(deps, tenantId));
  await deps.cache.invalidate(tenantId, isWhole ? { scope } : { scope, details });
}

async function mayHaveFormulas({ calls, capabilities }: ForgetDeps, tenantId: TenantId): Promise<boolean> {
  // If the services are unknown, more is dropped than necessary.
  const providers = await resolveProviders(calls, { tenantId, capability: capabilities.read, provider: null }).catch(
    () => [],
  );
  return providers.length === 0 || providers.some(({ service }) => service.config.formulas !== 'none');
}

/** Drops rows from this one on, in all columns; without a title, the whole spreadsheet. */
export function forgetBelow(
  deps: ForgetDeps,
  tenantId: TenantId,
  spreadsheetId: string,
  title: string | null = null,
  startRow = 0,
): Promise<void> {
  const area = { startRow, endRow: null, startColumn: 0, endColumn: null };
  return forgetRanges(deps, tenantId, spreadsheetId, [{ kind: 'area', title, area }]);
}
