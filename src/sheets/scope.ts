/** What a spreadsheet's cached answers have in common, and which of them a write can have changed. */
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
    if (error instanceof A1SyntaxError) return true; // Written by another version: better a miss than an old answer.
    throw error;
  }
}

/** Ranges in one invalidation; where a batch changed more, everything of the spreadsheet is dropped. */
const maxDetails = 64;

export interface ForgetDeps {
  readonly cache: Pick<ResponseCache, 'invalidate'>;
  readonly calls: Parameters<typeof resolveProviders>[0];
  readonly capabilities: Pick<SheetsCapabilities, 'read'>;
}

/**
 * Drops what a change to these ranges can have altered from every layer and on every replica: all of the spreadsheet,
 * since formulas anywhere may depend on them; with `config.formulas: "none"` of the tenant's services these ranges
 * alone. Resolves when none of it is served any more.
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
  // Where it is not known, more is dropped than needed.
  const providers = await resolveProviders(calls, { tenantId, capability: capabilities.read, provider: null }).catch(
    () => [],
  );
  return providers.length === 0 || providers.some(({ service }) => service.config.formulas !== 'none');
}

/** Rows from this one on, in all columns; without a title, the whole spreadsheet. */
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
