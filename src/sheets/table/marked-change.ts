/**
 * Makes a change exactly once.
 *
 * A change is one `batchUpdate`, which Google applies as a whole or not at all. It leaves a note (developer metadata,
 * invisible to people) with an id that Google accepts only once per spreadsheet. So the change may be sent again after
 * any failure: if the first one was applied, or is applied late, the other is refused as a whole. The note lies on the
 * row where the change began and moves with it, so it shows where that row is now.
 *
 *   saved (keyed callers) ──▶ sent ──▶ answered                                      ▶ made
 *                               ├──▶ no answer, 5xx ──▶ look for the note ── there   ▶ made
 *                               │                          └─ absent ──▶ sent again
 *                               ├──▶ refused ──▶ look for the note ── there          ▶ made
 *                               │                          └─ another's ──▶ contested: look again
 *                               └──▶ a limit                                         ▶ put back
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceError, withMessage } from '../../errors.ts';
import type { Capability } from '../../gateway/call.ts';
import { familyLimitOf } from '../../gateway/call-result.ts';
import type { FoundMarker } from '../../providers/google_sheets/operations.ts';
import type { Accounts } from '../ask-accounts.ts';
import type { Changed } from '../changed.ts';
import { type InspectDeps, inspectUntilDeadline, type SpreadsheetAccess } from './inspect-spreadsheet.ts';
import type { Marker } from './progress.ts';
import type { TableLock } from './table-lock.ts';
import type { TableStates } from './table-state.ts';

export interface MarkedDeps extends InspectDeps {
  readonly accounts: Accounts;
  readonly states: TableStates;
}

/** Where a change leaves its note; `row` null: on the sheet itself. */
export interface PlacedMarker {
  readonly marker: Marker;
  readonly sheetId: number;
  readonly row: number | null;
  /** Whether a later run of the same request may look for it. */
  readonly isKeyed: boolean;
  /** The note reserves its place for this change, while other writers may target the same place. */
  readonly isOfPlace?: boolean;
}

export interface MarkedChange {
  readonly capability: Capability<'sheets_append'> | Capability<'sheets_change'>;
  readonly requests: readonly object[];
  readonly markers: readonly PlacedMarker[];
  /** Notes of places that are free again, because their rows were emptied. */
  readonly freed?: readonly number[];
  /** True if an earlier run may have sent it. */
  readonly wasSent: boolean;
}

export type MadeChange =
  | {
      readonly kind: 'made';
      readonly provider: string;
      readonly familyLimit: Changed<unknown>['familyLimit'];
      /** Google's replies; null if only the notes show that the change was made. */
      readonly replies: readonly unknown[] | null;
      readonly found: readonly FoundMarker[];
    }
  /** A limit stood in the way; nothing was changed. */
  | { readonly kind: 'limited'; readonly untilMs: number; readonly error: ServiceError }
  | { readonly kind: 'refused'; readonly status: number | null; readonly error: ServiceError }
  /** Another change has taken the place; nothing was changed. */
  | { readonly kind: 'contested' }
  /** The lock was lost before the change was sent. */
  | { readonly kind: 'unlocked' }
  /** Google failed on every attempt and has finished with each; nothing was changed. */
  | { readonly kind: 'not_made'; readonly error: ServiceError }
  | { readonly kind: 'unknown'; readonly error: ServiceError | null };

const maxRequests = 4;
const againAfterMs = 300;
/** A request may run at Google for three minutes; after that, a settled change no longer needs its note. */
const lateMs = 10 * 60_000;
const keyedMs = 24 * 3_600_000;
const metadataKey = 'integration-service';

export async function makeOnce(
  deps: MarkedDeps,
  lock: TableLock,
  access: SpreadsheetAccess,
  change: MarkedChange,
): Promise<MadeChange> {
  const { caller, spreadsheetId } = access;
  const removed = await deps.states.takeOldMarkers(caller.tenantId, spreadsheetId);
  const deleted = [...new Set([...removed, ...(change.freed ?? [])])].map(deleteMarker);
  const requests = [...deleted, ...change.requests, ...change.markers.map(createMarker)];
  let mayBeMade = change.wasSent;
  let last: ServiceError | null = null;
  /** A request without an answer may still be carried out. */
  let isSettled = !change.wasSent;
  for (let request = 1; request <= maxRequests; request++) {
    if (!(await lock.confirm())) return mayBeMade ? { kind: 'unknown', error: last } : { kind: 'unlocked' };
    const asked = await send(deps, access, change, requests);
    if (asked.kind === 'answered') {
      await keepMarkers(deps, access, change, mayBeMade);
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
    const there = await findMarkers(deps, access, change.markers);
    if (there === null) return { kind: 'unknown', error: last };
    if (there.found.length > 0) {
      await keepMarkers(deps, access, change, true);
      return { kind: 'made', familyLimit: null, replies: null, found: there.found, provider: there.provider };
    }
    if (asked.kind === 'bad_input' && there.areTaken) return { kind: 'contested' };
    if (asked.kind === 'bad_input')
      return { kind: 'refused', status: asked.status, error: withoutRequest(asked.error) };
    const againAtMs = Math.max(asked.kind === 'limited' ? asked.untilMs : 0, deps.clock.now() + againAfterMs * request);
    if (againAtMs >= access.deadlineAtMs) break;
    await sleep(againAtMs - deps.clock.now());
  }
  return isSettled && last !== null ? { kind: 'not_made', error: last } : { kind: 'unknown', error: last };
}

async function send(deps: MarkedDeps, access: SpreadsheetAccess, change: MarkedChange, requests: readonly object[]) {
  const { caller, spreadsheetId } = access;
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

/** `Invalid requests[1].updateCells: …` names a request that this service built, so that part is removed. */
function withoutRequest(error: ServiceError): ServiceError {
  return withMessage(error, error.publicMessage.replace(/^Invalid requests\[\d+\]\.\w+: /, ''));
}

/** The notes of this change that Google has; null if Google gave no answer until the deadline. */
export async function findMarkers(
  deps: InspectDeps,
  access: SpreadsheetAccess,
  markers: readonly PlacedMarker[],
): Promise<{
  readonly found: readonly FoundMarker[];
  /** Other changes already use some of the ids. */
  readonly areTaken: boolean;
  readonly provider: string;
} | null> {
  const told = await inspectUntilDeadline<'markers'>(deps, access, {
    kind: 'markers',
    ids: markers.map(({ marker }) => marker.id),
  });
  if (told === null) return null;
  const isOurs = ({ id, value }: FoundMarker): boolean =>
    markers.some(({ marker }) => marker.id === id && marker.token === value);
  const found = told.inspected.markers.filter(isOurs);
  return { found, areTaken: found.length < told.inspected.markers.length, provider: told.provider };
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
  { caller, spreadsheetId }: SpreadsheetAccess,
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
