/**
 * Reads a range, from the cache or together with other reads of its spreadsheet in one `batchGet`.
 *
 *   cache (shared by identical reads) ──miss──▶ lane of (tenant, spreadsheet, options) ──▶ one request for all
 */

import { AskedQuestion } from '../cache/cached-answer.ts';
import type { Hit } from '../cache/look-up.ts';
import type { Flight } from '../cache/single-flight.ts';
import { ServiceError } from '../errors.ts';
import { announceMiss } from '../gateway/cache-telemetry.ts';
import type { CallResult } from '../gateway/call.ts';
import { familyLimitOf, resultFromCache, resultOfFetch } from '../gateway/call-result.ts';
import { type Caller, callerGroup } from '../gateway/caller.ts';
import type { ReadOptions, ReadRange } from '../providers/google_sheets/operations.ts';
import { type A1Range, parseA1, printA1 } from './a1.ts';
import type { Accounts } from './ask-accounts.ts';
import type { SheetsCapabilities } from './capabilities.ts';
import type { SheetsDeps } from './deps.ts';
import { type LaneItem, Lanes, type PutBack } from './limits/lane.ts';
import type { Pace } from './limits/pace.ts';
import { namingAsked } from './refusal-words.ts';
import { renderRead } from './render-values.ts';
import { scopeOf } from './scope.ts';
import { sendParts, splitBatch } from './split-batch.ts';

export interface ReadQuestion extends ReadOptions {
  readonly spreadsheetId: string;
  readonly range: A1Range;
}

export interface ReadDeps extends Pick<SheetsDeps, 'calls' | 'cache'> {
  readonly accounts: Accounts;
  readonly capabilities: SheetsCapabilities;
  readonly pace: Pace;
}

interface LaneRead {
  /** Cut to the grid once Google has said how large the grid is. */
  range: string;
  readonly caller: Caller;
}

interface ReadAnswer {
  readonly found: ReadRange;
  readonly serviceId: string;
  readonly serviceName: string;
  readonly familyLimit: CallResult['familyLimit'];
}

interface Reading {
  readonly caller: Caller;
  readonly question: ReadQuestion;
  readonly range: string;
  readonly asked: AskedQuestion;
}

type FlightValue =
  | { readonly hit: Hit; readonly familyLimit: CallResult['familyLimit'] }
  | { readonly hit: null; readonly fresh: Pick<CallResult, 'body' | 'provider' | 'familyLimit'> };

/** A lone read may be delayed by five milliseconds; this leaves room for a late timer. */
const gatherMs = 2;
const maxInFlight = 4;
/** A `batchGet` carries its ranges in the URL, and servers accept about 16 KiB of it. */
const maxRangesBytes = 8_000;
const maxRanges = 100;

export type ReadRangeOf = (caller: Caller, question: ReadQuestion, signal: AbortSignal) => Promise<CallResult>;

export function createReadRange(deps: ReadDeps): ReadRangeOf {
  const { calls, cache, capabilities } = deps;
  const lanes = new Lanes<LaneRead, ReadAnswer>();
  const ttl = capabilities.read.cache as NonNullable<typeof capabilities.read.cache>;

  const laneOf = (caller: Caller, { range: _range, spreadsheetId, ...options }: ReadQuestion) =>
    lanes.of(`${caller.tenantId}\n${callerGroup(caller)}${spreadsheetId}\n${Object.values(options).join()}`, () => ({
      clock: calls.clock,
      deadlines: calls.deadlines,
      gatherMs,
      maxInFlight,
      countTogether,
      paceMs: (waiting) => deps.pace(caller.tenantId, 'read', waiting),
      timeoutOf: () => new ServiceError('GATEWAY_TIMEOUT', 'Google Sheets did not answer in time.'),
      send: (batch) => sendTogether(deps, spreadsheetId, options, batch),
    }));

  /** One read for all callers of one question. */
  const readOnce = async ({ caller, question, range, asked }: Reading, flight: Flight): Promise<FlightValue> => {
    const lookedUp = await cache.lookUp(asked, caller.cacheMode, flight);
    if (lookedUp.hit !== null) return { hit: lookedUp.hit, familyLimit: null };
    const noteMiss = (service: string | null, isKept: boolean): void => {
      if (caller.cacheMode !== 'off') announceMiss(calls, caller, asked, { service, isKept });
    };
    let answer: ReadAnswer;
    let rendered: Awaited<ReturnType<typeof renderRead>>;
    try {
      answer = await laneOf(caller, question).add({ range, caller }, flight);
      rendered = await renderRead(answer.found, question.majorDimension);
    } catch (error) {
      await deps.accounts.noteTurnedAway(caller, capabilities.read, error);
      const stale = isOutage(error) ? await cache.findStale(lookedUp) : null;
      if (stale !== null) {
        const familyLimit = error instanceof ServiceError ? (error.call?.familyLimit ?? null) : null;
        return { hit: cache.giveStale(stale), familyLimit };
      }
      noteMiss(null, false);
      cache.noteMiss(lookedUp);
      throw error;
    }
    const { serviceId, serviceName, familyLimit } = answer;
    const body = caller.cacheMode === 'off' ? null : rendered.stored;
    noteMiss(serviceName, body !== null);
    await cache.keep(lookedUp, {
      stored: body === null ? null : { kind: 'good', serviceId, serviceName, body, costUsd: 0 },
      ttlSeconds: ttl.ttlSeconds,
      staleSeconds: ttl.staleSeconds,
    });
    return { hit: null, fresh: { body: rendered.fresh, provider: serviceName, familyLimit } };
  };

  return async (caller, question, signal) => {
    const range = printA1(question.range);
    const asked = questionOf(caller, question, range);
    if (caller.cacheMode === 'use') {
      const hit = cache.findInMemory(asked);
      if (hit !== null) return resultFromCache(calls, caller, { from: 'memory', answer: hit.answer, hits: hit.hits });
    }
    const flightCaller = {
      signal,
      deadlineAtMs: caller.deadlineAtMs,
      patientUntilMs: calls.clock.now() + caller.maxWaitMs,
    };
    const { value, led } = await cache.share(asked, caller.cacheMode, flightCaller, (flight) =>
      readOnce({ caller, question, range, asked }, flight),
    );
    if (value.hit === null) return resultOfFetch(value.fresh, led);
    return resultFromCache(calls, caller, value.hit, led ? value.familyLimit : null);
  };
}

function questionOf(caller: Caller, question: ReadQuestion, range: string): AskedQuestion {
  const { spreadsheetId, valueRenderOption, dateTimeRenderOption, majorDimension } = question;
  return new AskedQuestion({
    tenantId: caller.tenantId,
    group: 'sheets',
    operation: 'sheets_read',
    question: `${callerGroup(caller)}${JSON.stringify([spreadsheetId, range, valueRenderOption, dateTimeRenderOption, majorDimension])}`,
    scope: scopeOf(spreadsheetId),
    detail: range,
  });
}

/** A spent limit is not an outage: it is reported, and ends by waiting. */
function isOutage(error: unknown): boolean {
  return (
    error instanceof ServiceError && ['PROVIDER_ERROR', 'SERVICE_UNAVAILABLE', 'GATEWAY_TIMEOUT'].includes(error.code)
  );
}

function countTogether(items: readonly LaneRead[]): number {
  let bytes = 0;
  let count = 0;
  for (const { range } of items) {
    bytes += encodeURIComponent(range).length + 8;
    if (bytes > maxRangesBytes || count === maxRanges) break;
    count += 1;
  }
  return count;
}

type Entry = LaneItem<LaneRead, ReadAnswer>;

/** Sends one request for all. If Google refuses a range, that one is removed and the rest is sent again. */
async function sendTogether(
  deps: ReadDeps,
  spreadsheetId: string,
  options: ReadOptions,
  batch: readonly Entry[],
): Promise<PutBack<LaneRead, ReadAnswer> | null> {
  const [first] = batch as [Entry];
  const asked = await deps.accounts.ask({
    capability: deps.capabilities.read,
    input: { spreadsheetId, ranges: batch.map(({ item }) => item.range), ...options },
    spreadsheetId,
    caller: first.item.caller,
    deadlineAtMs: Math.max(...batch.map((entry) => entry.deadlineAtMs())),
    // The lane settles a reader who disconnects; the request continues for the others.
    signal: new AbortController().signal,
  });
  switch (asked.kind) {
    case 'answered': {
      const { service, value } = asked.answer;
      const about = {
        serviceId: service.id,
        serviceName: service.serviceName,
        familyLimit: familyLimitOf(asked.familyState, deps.calls.clock.now()),
      };
      for (const [index, entry] of batch.entries()) entry.resolve({ ...about, found: value[index] as ReadRange });
      return null;
    }
    case 'limited':
      return { items: batch, untilMs: asked.untilMs, error: asked.error };
    case 'bad_input': {
      if (!asked.mayBeOne) break;
      const again = (part: readonly Entry[]) => sendTogether(deps, spreadsheetId, options, part);
      const { guilty, parts } = splitBatch(batch, ({ item }) => item.range, asked.error.publicMessage);
      const bounded = guilty.filter((entry) => boundToGrid(entry.item, asked.error.publicMessage));
      if (bounded.length > 0) {
        for (const entry of guilty) if (!bounded.includes(entry)) entry.reject(asked.error);
        return sendParts([bounded, ...parts], again);
      }
      for (const entry of guilty) entry.reject(namingAsked(asked.error, parseA1(entry.item.range)));
      return sendParts(parts, again);
    }
  }
  for (const entry of batch) entry.reject(asked.error);
  return null;
}

/** Cuts the range to the grid named in the refusal; returns whether the range starts inside that grid. */
function boundToGrid(item: LaneRead, message: string): boolean {
  const limits = /exceeds grid limits\. Max rows: (\d+), max columns: (\d+)/.exec(message);
  const range = parseA1(item.range);
  if (limits === null || range.kind !== 'area') return false;
  const { startRow, endRow, startColumn, endColumn } = range.area;
  const [rows, columns] = [Number(limits[1]), Number(limits[2])];
  const area = {
    startRow,
    endRow: Math.min(endRow ?? rows, rows),
    startColumn,
    endColumn: Math.min(endColumn ?? columns, columns),
  };
  const text = printA1({ ...range, area });
  if (startRow >= rows || startColumn >= columns || text === item.range) return false;
  item.range = text;
  return true;
}
