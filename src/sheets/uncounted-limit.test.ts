import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pipelineTenant, startPipeline } from '../../test/support/call-pipeline.ts';
import { fakeAdapter, startFakeProvider } from '../../test/support/fake-provider.ts';
import type { ServiceError } from '../errors.ts';
import { createAnnouncementThrottle } from '../limits/announcement-throttle.ts';
import { askAgainAfterMs } from '../limits/limit-rules.ts';
import type { LimitDecision, RateLimiter } from '../limits/limits.ts';
import type { Adapter } from '../providers/provider.ts';
import { parseA1 } from './a1.ts';
import { createAccounts } from './ask-accounts.ts';
import { createCapabilities } from './capabilities.ts';
import { createReadRange } from './read-range.ts';

/** The limiter of a process that has lost Redis: what other replicas spend is unknown for its first requests. */
function uncountedFirst(times: number): Pick<RateLimiter, 'spend' | 'peek' | 'backOff'> & { asked(): number } {
  let asked = 0;
  return {
    asked: () => asked,
    async spend(_tenantId, subjects): Promise<LimitDecision> {
      asked += 1;
      const [subject] = subjects.filter(({ serviceId }) => serviceId !== null);
      if (asked > times || subject === undefined) return { granted: true, states: [] };
      const state = { subject, windowType: 'minute', maxRequests: 60, usedRequests: 0 } as const;
      const refusedBy = { ...state, windowStartMs: 0, windowEndMs: Date.now() };
      return { granted: false, because: 'uncounted', refusedBy, retryAfterMs: askAgainAfterMs / 10, states: [] };
    },
    peek: async () => [],
    backOff: async () => {},
  };
}

const sheetsAdapter: Adapter = {
  ...fakeAdapter,
  serviceType: 'sheets',
  attempts: { sheets_read: async () => ({ kind: 'ok', value: [{ range: 'Sheet1!A1', values: [['x']] }] }) },
};

test('a read that meets a limit which cannot be counted at the moment waits max_wait_seconds, as a geocode batch does', async (t) => {
  const limiter = uncountedFirst(2);
  const google = await startFakeProvider(t);
  const pipeline = await startPipeline(t, {
    providers: { google },
    overrides: { limiter, findAdapter: () => sheetsAdapter },
  });
  const services = pipeline.services.map((service) => ({ ...service, serviceType: 'sheets' as const }));
  const calls = { ...pipeline.deps, directory: { ...pipeline.deps.directory, ofTenant: async () => services } };
  const accounts = createAccounts({
    calls,
    limiter,
    spending: { note: () => {} },
    announceRefusal: createAnnouncementThrottle(calls.clock),
  });
  const capabilities = createCapabilities({ directory: calls.directory, ttlSeconds: 60 });
  const readRange = createReadRange({ calls, cache: pipeline.cache, accounts, capabilities, pace: async () => 0 });
  const read = (cell: string, maxWaitMs: number) =>
    readRange(
      {
        tenantId: pipelineTenant,
        cacheMode: 'use',
        requestId: cell,
        traceparent: null,
        sourceService: null,
        principal: null,
        deadlineAtMs: calls.clock.now() + 10_000,
        maxWaitMs,
      },
      {
        spreadsheetId: 'journal',
        range: parseA1(cell),
        valueRenderOption: 'UNFORMATTED_VALUE',
        dateTimeRenderOption: 'FORMATTED_STRING',
        majorDimension: 'ROWS',
      },
      new AbortController().signal,
    );

  await assert.rejects(read('A1', 0), (error: ServiceError) => error.code === 'SERVICE_UNAVAILABLE');
  assert.equal(limiter.asked(), 1, 'who may not wait is told at once');
  const answer = await read('A1', 5_000);
  assert.equal(answer.cacheOutcome, 'MISS');
  assert.equal(limiter.asked(), 3, 'who may wait asks until it can be counted again');
});
