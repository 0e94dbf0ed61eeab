/** Assembles the sheets capability for the routes. */
import type { CallResult } from '../gateway/call.ts';
import type { Caller } from '../gateway/caller.ts';
import { createAnnouncementThrottle } from '../limits/announcement-throttle.ts';
import { type AppendRows, createAppendRows } from './append/append-rows.ts';
import { createAccounts } from './ask-accounts.ts';
import { createCapabilities, type SheetsCapabilities } from './capabilities.ts';
import { type Changes, createChanges } from './change-ranges.ts';
import type { SheetsDeps } from './deps.ts';
import { createPace } from './limits/pace.ts';
import { createPacer } from './limits/pacer.ts';
import { createSpending, type Spending } from './limits/spending.ts';
import { createReadRange, type ReadRangeOf } from './read-range.ts';
import { type ChangeRecords, createChangeRecords } from './records/change-records.ts';
import { createStructureChanges } from './records/change-structure.ts';
import { scopeOf } from './scope.ts';
import { createTableLocks } from './table/table-lock.ts';
import { createTableStates } from './table/table-state.ts';

export interface Sheets {
  readonly capabilities: SheetsCapabilities;
  readonly spending: Spending;
  /** The body is `{values, range, row_count, column_count, cached}`. */
  readonly read: ReadRangeOf;
  readonly write: Changes['write'];
  readonly clear: Changes['clear'];
  readonly append: AppendRows;
  metadata(caller: Caller, spreadsheetId: string, signal: AbortSignal): Promise<CallResult>;
  readonly changeRecords: ChangeRecords;
  readonly ensure: StructureChanges['ensure'];
  readonly deleteRows: StructureChanges['deleteRows'];
  readonly create: StructureChanges['create'];
}

type StructureChanges = ReturnType<typeof createStructureChanges>;

/** How much longer a lock lives than the request sent under it. */
const lockMarginMs = 5_000;

export function createSheets(deps: SheetsDeps): Sheets {
  const { calls, cache, store } = deps;
  const capabilities = createCapabilities({ directory: calls.directory, ttlSeconds: deps.ttlSeconds });
  const spending = createSpending(calls.clock);
  const accounts = createAccounts({
    calls,
    limiter: deps.limiter,
    announceRefusal: createAnnouncementThrottle(calls.clock),
    spending,
  });
  const pacer = createPacer(calls.clock, () => store.replicasSeen());
  const shared = { calls, cache, accounts, capabilities, pace: createPace({ ...deps, capabilities, pacer }) };
  const states = createTableStates(store, calls.clock);
  const changes = createChanges(shared);
  const locks = createTableLocks({ ...deps, clock: calls.clock, ttlMs: calls.requestTimeoutMs + lockMarginMs });

  const tables = { ...shared, locks, states, clock: calls.clock, requestTimeoutMs: calls.requestTimeoutMs };
  const metadata: Sheets['metadata'] = (caller, spreadsheetId, signal) =>
    deps.executor.execute(
      {
        ...caller,
        capability: capabilities.metadata,
        input: { spreadsheetId },
        question: spreadsheetId,
        cacheScope: { scope: scopeOf(spreadsheetId), detail: null },
        provider: null,
      },
      (found) => ({ spreadsheet_id: spreadsheetId, ...found }),
      signal,
    );

  return {
    capabilities,
    spending,
    read: createReadRange(shared),
    metadata,
    write: changes.write,
    clear: changes.clear,
    append: createAppendRows(tables),
    changeRecords: createChangeRecords(tables),
    ...createStructureChanges(tables),
  };
}
