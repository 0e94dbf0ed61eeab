/** Calculates what proposed limits would have refused, by replaying the requests in the audit log. */
import type { TenantId } from '../ids.ts';
import type { Queryable } from '../storage/postgres/database.ts';
import { pageAsked } from '../storage/tables/limit-traffic.ts';
import { type CalendarWindow, calendarStartMs, sliceReturnsAtMs } from './limit-windows.ts';
import { type WindowType, windowTypes } from './limits.ts';
import type { LimitPreview } from './schemas.ts';

/** Requests per window; an absent window has no limit. */
export type ProposedLimits = Readonly<Partial<Record<WindowType, number>>>;

const rowsPerPage = 10_000;
/** The replay's bound: some seconds of database work. */
const maxRows = 2_000_000;

/** Replays the requests since `fromMs` (Unix milliseconds). Refused requests spend nothing, as in real operation. */
export async function previewLimits(
  tx: Queryable,
  tenantId: TenantId,
  serviceName: string,
  limits: ProposedLimits,
  fromMs: number,
): Promise<LimitPreview> {
  const replay = createReplay(limits);
  const bySource = new Map<string | null, { calls: number; refused: number }>();
  let after = { startedAt: new Date(fromMs).toISOString(), id: '00000000-0000-0000-0000-000000000000' };
  let rows = 0;
  let isComplete = true;
  for (;;) {
    const page = await pageAsked(tx, tenantId, serviceName, after, rowsPerPage);
    for (const { source_service: source, requests, at_ms: atMs } of page) {
      const counts = bySource.get(source) ?? { calls: 0, refused: 0 };
      counts.calls += 1;
      if (!replay(atMs, requests)) counts.refused += 1;
      bySource.set(source, counts);
    }
    rows += page.length;
    const last = page.at(-1);
    if (last === undefined || page.length < rowsPerPage) break;
    if (rows >= maxRows) {
      isComplete = false;
      break;
    }
    after = { startedAt: last.started_at, id: last.id };
  }
  const sources = [...bySource].map(([source_service, counts]) => ({ source_service, ...counts }));
  return {
    calls: sources.reduce((sum, { calls }) => sum + calls, 0),
    refused: sources.reduce((sum, { refused }) => sum + refused, 0),
    by_source: sources.toSorted((a, b) => b.refused - a.refused || b.calls - a.calls),
    is_complete: isComplete,
  };
}

/** Returns a function that tells whether a request passes. Times must ascend. */
function createReplay(limits: ProposedLimits): (atMs: number, requests: number) => boolean {
  const windows = windowTypes.flatMap((type) => {
    const maxRequests = limits[type];
    return maxRequests === undefined ? [] : [type === 'minute' ? rolling(maxRequests) : fixed(type, maxRequests)];
  });
  return (atMs, requests) => {
    if (!windows.every((window) => window.hasRoom(atMs, requests))) return false;
    for (const window of windows) window.spend(atMs, requests);
    return true;
  };
}

interface ReplayedWindow {
  hasRoom(atMs: number, requests: number): boolean;
  spend(atMs: number, requests: number): void;
}

function rolling(maxRequests: number): ReplayedWindow {
  /** Requests that still count, oldest first; entries before `head` have returned. */
  let spent: { returnsAtMs: number; requests: number }[] = [];
  let head = 0;
  let used = 0;
  const forget = (atMs: number): void => {
    for (let oldest = spent[head]; oldest !== undefined && oldest.returnsAtMs <= atMs; oldest = spent[++head]) {
      used -= oldest.requests;
    }
    if (head > 1_024 && head * 2 > spent.length) {
      spent = spent.slice(head);
      head = 0;
    }
  };
  return {
    hasRoom(atMs, requests) {
      forget(atMs);
      return used + requests <= maxRequests;
    },
    spend(atMs, requests) {
      spent.push({ returnsAtMs: sliceReturnsAtMs(atMs, false), requests });
      used += requests;
    },
  };
}

function fixed(type: CalendarWindow, maxRequests: number): ReplayedWindow {
  let startMs = Number.NEGATIVE_INFINITY;
  let used = 0;
  return {
    hasRoom(atMs, requests) {
      const current = calendarStartMs(type, atMs, 0);
      if (current !== startMs) {
        startMs = current;
        used = 0;
      }
      return used + requests <= maxRequests;
    },
    spend(_atMs, requests) {
      used += requests;
    },
  };
}
