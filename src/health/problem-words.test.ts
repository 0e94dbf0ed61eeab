import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExternalService } from '../directory/service.ts';
import type { LimitWindowUse } from '../limits/schemas.ts';
import { reconnectMessage } from '../providers/provider.ts';
import { problemOfLimit } from './limit-words.ts';
import { problemOfBudget, problemOfService, problemsOfParts } from './problem-words.ts';

const nowMs = Date.parse('2026-11-22T07:30:20.000Z');
const service = { id: 's1', serviceName: 'yandex_maps', displayName: 'Yandex Maps' } as ExternalService;
const well = { status: 'healthy', lastError: null } as const;

function windowOf(used: number, max: number): LimitWindowUse {
  return {
    window_type: 'minute',
    window_start: '2026-11-22T07:30:00.000Z',
    window_end: '2026-11-22T07:31:00.000Z',
    request_count: used,
    max_requests: max,
    remaining_requests: Math.max(0, max - used),
    is_rate_limited: used >= max,
  };
}

test('a limit is a problem if it is spent, or will be before its window ends', () => {
  assert.equal(problemOfLimit('sheets', windowOf(10, 60), nowMs), null);
  assert.equal(problemOfLimit('sheets', windowOf(0, 60), nowMs), null);
  // 40 requests in 20 s: the other 20 take 10 s.
  assert.match(problemOfLimit('sheets', windowOf(40, 60), nowMs)?.message ?? '', /in 10 s$/);
  assert.match(
    problemOfLimit('sheets', windowOf(60, 60), nowMs)?.message ?? '',
    /spent .* until 2026-11-22 07:31 UTC$/,
  );
  // Late in the window the same use does not reach the limit.
  assert.equal(problemOfLimit('sheets', windowOf(40, 60), nowMs + 35_000), null);
});

test('a refused key, a pause and bad health are listed, and good health is not', () => {
  const untilMs = nowMs + 60_000;
  const kindOf = (...told: [Parameters<typeof problemOfService>[1], Parameters<typeof problemOfService>[2]]) =>
    problemOfService(service, ...told, null)?.kind ?? null;
  assert.equal(kindOf(well, null), null);
  assert.equal(kindOf({ status: 'unknown', lastError: null }, null), null);
  assert.equal(kindOf(well, { because: 'credentials_refused', untilMs }), 'key_refused');
  const ended = { status: 'down', lastError: reconnectMessage } as const;
  assert.equal(kindOf(ended, { because: 'credentials_refused', untilMs }), 'reconnect_required');
  assert.equal(kindOf(ended, null), 'reconnect_required');
  assert.equal(kindOf(well, { because: 'retry_after', untilMs }), 'provider_paused');
  assert.equal(
    kindOf({ status: 'down', lastError: 'connection refused' }, { because: 'failures', untilMs }),
    'provider_down',
  );
  assert.equal(kindOf({ status: 'degraded', lastError: null }, null), 'provider_degraded');
  assert.match(
    problemOfService(service, { status: 'down', lastError: 'x' }, null, null)?.message ?? '',
    /^Yandex Maps is down: x$/,
  );
});

test('a budget is a problem from four fifths on', () => {
  const budget = { management_company_id: 't' as never, service_name: '*', monthly_limit_usd: 10, alerted_percent: 0 };
  assert.equal(problemOfBudget({ ...budget, action: 'block', spent_usd: 7.9 }), null);
  assert.equal(problemOfBudget({ ...budget, action: 'block', spent_usd: 8 })?.kind, 'budget_nearly_spent');
  assert.equal(problemOfBudget({ ...budget, action: 'block', spent_usd: 10 })?.severity, 'critical');
  assert.equal(problemOfBudget({ ...budget, action: 'alert', spent_usd: 10 })?.severity, 'warning');
});

test('unreachable stores are listed, and a backlog if it is old', () => {
  const up = {
    isDatabaseUp: true,
    isStoreUp: true,
    isBusUp: true,
    backlogCount: 5,
    oldestAgeSeconds: 3,
    spoolBytes: 0,
    stalls: { count: 3, longestMs: 900 },
    emulated: [],
  };
  assert.deepEqual(problemsOfParts(up), []);
  assert.deepEqual(
    problemsOfParts({ ...up, isDatabaseUp: false, isStoreUp: false, isBusUp: false, oldestAgeSeconds: 90 }).map(
      ({ kind }) => kind,
    ),
    ['database_away', 'redis_away', 'event_bus_away', 'outbox_backlog'],
  );
});

test('a spool in use, repeated stalls and emulated answers are listed with their figures', () => {
  const told = problemsOfParts({
    isDatabaseUp: true,
    isStoreUp: true,
    isBusUp: true,
    backlogCount: 0,
    oldestAgeSeconds: 0,
    spoolBytes: 3_000,
    stalls: { count: 4, longestMs: 812.4 },
    emulated: ['google_maps', 'two_gis'],
  });
  assert.deepEqual(
    told.map(({ kind, severity, count }) => [kind, severity, count]),
    [
      ['spool_in_use', 'warning', undefined],
      ['event_loop_stalls', 'warning', 4],
      ['answers_emulated', 'warning', 2],
    ],
  );
  assert.match(told[0]?.message ?? '', /3 KiB/);
  assert.match(told[1]?.message_ru ?? '', /4 раз, самое долгое — на 812 мс/);
  assert.match(told[2]?.message ?? '', /google_maps, two_gis/);
});

test('a spent share of a limit is reported as a share, with the reason', () => {
  const share = { max_requests: 20, request_count: 20, because: 'redis_away' } as const;
  const window = { ...windowOf(20, 60), remaining_requests: 0, is_rate_limited: true, replica_share: share };
  const problem = problemOfLimit('sheets', window, nowMs);
  assert.equal(
    problem?.message,
    'This replica’s share of the limit a minute of sheets is spent (20 of 60), because Redis does not answer',
  );
  assert.equal(problem?.kind, 'limit_share_spent_minute');
  assert.equal(problemOfLimit('sheets', { ...window, remaining_requests: 1, is_rate_limited: false }, nowMs), null);
});
