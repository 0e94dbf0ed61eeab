/**
 * A change that is made once.
 *
 * It goes as one `batchUpdate`, which Google does whole or not at all, and leaves a note (developer metadata, unseen by
 * people) whose id Google takes only once in a spreadsheet. So it may be sent again after any failure: had it been made,
 * or is it made late, the other is refused whole. The note stands on the row where the change began and moves with it:
 * it tells where that row is now, however others have moved it.
 *
 *   remembered (keyed callers) ──▶ sent ──▶ answered                                          ▶ made
 *                                    ├──▶ no answer, 5xx ──▶ note looked for ── there         ▶ made
 *                                    │                          └─ absent ──▶ sent again
 *                                    ├──▶ refused ──▶ note looked for ── there                ▶ made
 *                                    │                          └─ of another ──▶ contested: looked at again
 *                                    └──▶ a limit                                             ▶ put back
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceError } from '../../errors.ts';
import type { Capability } from '../../gateway/call.ts';
import { familyLimitOf } from '../../gateway/call-result.ts';
import type { FoundMarker } from '../../providers/google_sheets/operations.ts';
import type { Accounts } from '../ask-accounts.ts';
import type { Changed } from '../changed.ts';
import { type LookDeps, type Looker, lookUntil } from './look.ts';
import type { Marker } from './progress.ts';
import type { TableLock } from './table-lock.ts';
import type { TableStates } from './table-state.ts';

export interface MarkedDeps extends LookDeps {
  readonly accounts: Accounts;
  readonly states: TableStates;
}

/** Where a change leaves its note; `row` null: on the sheet. */
export interface PlacedMarker {
  readonly marker: Marker;
  readonly sheetId: number;
  readonly row: number | null;
  /** Whether a later run of the same request may look for it. */
  readonly isKeyed: boolean;
  /** It keeps its place for this change, as long as others may mean the same. */
  readonly isOfPlace?: boolean;
}

export interface MarkedChange {
  readonly capability: Capability<'sheets_append'> | Capability<'sheets_change'>;
  readonly requests: readonly object[];
  readonly markers: readonly PlacedMarker[];
  /** Notes of places that turned out to be free again: their rows were emptied. */
  readonly freed?: readonly number[];
  /** True where a run before this one may have sent it. */
  readonly wasSent: boolean;
}

export type MadeChange =
  | {
      readonly kind: 'made';
      readonly provider: string;
      readonly familyLimit: Changed<unknown>['familyLimit'];
      /** What Google said of it; null where only its notes tell that it was made. */
      readonly replies: readonly unknown[] | null;
      readonly found: readonly FoundMarker[];
    }
  /** Nothing was done. */
  | { readonly kind: 'limited'; readonly untilMs: number; readonly error: ServiceError }
  | { readonly kind: 'refused'; readonly status: number | null; readonly error: ServiceError }
  /** Another change has taken the place: nothing was done. */
  | { readonly kind: 'contested' }
  /** The lock was lost before it was sent. */
  | { readonly kind: 'unlocked' }
  /** Google failed it again and again, and has ended its work on each: nothing was done. */
  | { readonly kind: 'not_made'; readonly error: ServiceError }
  | { readonly kind: 'unknown'; readonly error: ServiceError | null };

const maxRequests = 4;
const againAfterMs = 300;
/** A request may be at work at Google for three minutes; one that was settled needs its note no more. */
const lateMs = 10 * 60_000;
const keyedMs = 24 * 3_600_000;
const metadataKey = 'integration-service';

export async function makeOnce(
  deps: MarkedDeps,
  lock: TableLock,
  looker: Looker,
  change: MarkedChange,
): Promise<MadeChange> {
  const { caller, spreadsheetId } = looker;
  const removed = await deps.states.takeOldMarkers(caller.tenantId, spreadsheetId);
  const deleted = [...new Set([...removed, ...(change.freed ?? [])])].map(deleteMarker);
  const requests = [...deleted, ...change.requests, ...change.markers.map(createMarker)];
  let mayBeMade = change.wasSent;
  let last: ServiceError | null = null;
  /** A request that went unanswered may yet be carried out. */
  let isSettled = !change.wasSent;
  for (let request = 1; request <= maxRequests; request++) {
    if (!(await lock.confirm())) return mayBeMade ? { kind: 'unknown', error: last } : { kind: 'unlocked' };
    const asked = await send(deps, looker, change, requests);
    if (asked.kind === 'answered') {
      await keepMarkers(deps, looker, change, mayBeMade);
      const { service, value } = asked.answer;
      const familyLimit = familyLimitOf(asked.familyState, deps.clock.now());
      return { kind: 'made', provider: service.serviceName, familyLimit, replies: value.replies, found: [] };
    }
    last = asked.error;
    if (asked.kind === 'unknown' && asked.isUnrecorded) return { kind: 'unknown', error: last };
    mayBeMade ||= asked.kind === 'unknown';
    isSettled &&= asked.kind !== 'unknown' || asked.settled;
    const isRefused = asked.kind === 'bad_input' && asked.status === 400;
    if (!mayBeMade && !isRefused) {
      if (asked.kind === 'limited') return { kind: 'limited', untilMs: asked.untilMs, error: asked.error };
      return { kind: 'refused', status: asked.kind === 'bad_input' ? asked.status : null, error: asked.error };
    }
    const there = await findMarkers(deps, looker, change.markers);
    if (there === null) return { kind: 'unknown', error: last };
    if (there.found.length > 0) {
      await keepMarkers(deps, looker, change, true);
      return { kind: 'made', familyLimit: null, replies: null, found: there.found, provider: there.provider };
    }
    if (asked.kind === 'bad_input' && there.areTaken) return { kind: 'contested' };
    if (asked.kind === 'bad_input') return { kind: 'refused', status: asked.status, error: asked.error };
    const againAtMs = Math.max(asked.kind === 'limited' ? asked.untilMs : 0, deps.clock.now() + againAfterMs * request);
    if (againAtMs >= looker.deadlineAtMs) break;
    await sleep(againAtMs - deps.clock.now());
  }
  return isSettled && last !== null ? { kind: 'not_made', error: last } : { kind: 'unknown', error: last };
}

async function send(deps: MarkedDeps, looker: Looker, change: MarkedChange, requests: readonly object[]) {
  const { caller, spreadsheetId } = looker;
  const about = {
    spreadsheetId,
    caller,
    deadlineAtMs: deps.clock.now() + deps.requestTimeoutMs,
    signal: new AbortController().signal,
  };
  if (change.capability.operation === 'sheets_append') {
    return deps.accounts.ask({ ...about, capability: change.capability, input: { spreadsheetId, requests } });
  }
  const { capability } = change as { readonly capability: Capability<'sheets_change'> };
  const asked = await deps.accounts.ask({ ...about, capability, input: { kind: 'change', spreadsheetId, requests } });
  if (asked.kind !== 'answered') return asked;
  const { value } = asked.answer;
  return { ...asked, answer: { ...asked.answer, value: { replies: value.kind === 'change' ? value.replies : [] } } };
}

/** Of this change, as far as they are there; null where it could not be learnt before the deadline. */
export async function findMarkers(
  deps: LookDeps,
  looker: Looker,
  markers: readonly PlacedMarker[],
): Promise<{
  readonly found: readonly FoundMarker[];
  /** Some of their ids belong to other changes. */
  readonly areTaken: boolean;
  readonly provider: string;
} | null> {
  const told = await lookUntil<'markers'>(deps, looker, {
    kind: 'markers',
    ids: markers.map(({ marker }) => marker.id),
  });
  if (told === null) return null;
  const isOurs = ({ id, value }: FoundMarker): boolean =>
    markers.some(({ marker }) => marker.id === id && marker.token === value);
  const found = told.looked.markers.filter(isOurs);
  return { found, areTaken: found.length < told.looked.markers.length, provider: told.provider };
}

function createMarker({ marker, sheetId, row }: PlacedMarker): object {
  const location =
    row === null ? { sheetId } : { dimensionRange: { sheetId, dimension: 'ROWS', startIndex: row, endIndex: row + 1 } };
  return {
    createDeveloperMetadata: {
      developerMetadata: {
        metadataId: marker.id,
        metadataKey,
        metadataValue: marker.token,
        visibility: 'PROJECT',
        location,
      },
    },
  };
}

function deleteMarker(metadataId: number): object {
  return { deleteDeveloperMetadata: { dataFilter: { developerMetadataLookup: { metadataId } } } };
}

async function keepMarkers(
  deps: MarkedDeps,
  { caller, spreadsheetId }: Looker,
  { markers }: MarkedChange,
  wasDoubtful: boolean,
): Promise<void> {
  const atMs = deps.clock.now();
  await deps.states.keepMarkers(
    caller.tenantId,
    spreadsheetId,
    markers.map(({ marker, isKeyed, isOfPlace }) => ({
      id: marker.id,
      atMs,
      neededUntilMs: atMs + (isKeyed ? keyedMs : wasDoubtful || isOfPlace ? lateMs : 0),
    })),
  );
}
