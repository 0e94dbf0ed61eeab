/** Tests calls that share requests: the result of each if a request is refused, too large, or cancelled. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleCaller } from '../../test/support/call-executor.ts';
import { pipelineTenant, startPipeline } from '../../test/support/call-pipeline.ts';
import type { Cleanup } from '../../test/support/cleanup.ts';
import { fakeAdapter } from '../../test/support/fake-provider.ts';
import { ServiceError } from '../errors.ts';
import { createGeocodingCapabilities } from '../geocoding/capabilities.ts';
import { renderRoute, routeCall } from '../geocoding/distance.ts';
import type { Coordinates, DistanceInput, RouteElement, RouteMatrix } from '../providers/geocoding.ts';
import type { Adapter, Verdict } from '../providers/provider.ts';
import { judgeMatrix } from '../providers/route-matrix.ts';
import type { CallDeps } from './deps.ts';

const capabilities = createGeocodingCapabilities(3_600);
const pointAt = (index: number): Coordinates => ({ latitude: 41 + index / 1_000, longitude: 69 });
const points = (count: number, from = 0) => Array.from({ length: count }, (_point, index) => pointAt(from + index));

type Answer = (service: string, input: DistanceInput) => Verdict<RouteMatrix>;

/** Two providers that answer through `answer`, with the number of elements of each request they got. */
async function start(
  t: Cleanup,
  answer: Answer,
  overrides: Partial<CallDeps> = {},
  familyPerMinute = 1_000,
  limits: Parameters<typeof startPipeline>[1]['limits'] = {},
) {
  const asked: { readonly service: string; readonly elements: number }[] = [];
  const adapter: Adapter = {
    ...fakeAdapter,
    facts: { ...fakeAdapter.facts, largestMatrix: { elements: 625, ends: 25 } },
    attempts: {
      async distance(input, { serviceName }) {
        asked.push({ service: serviceName, elements: input.origins.length * input.destinations.length });
        return answer(serviceName, input);
      },
    },
  };
  const nowhere = { url: 'http://127.0.0.1:1' } as Parameters<typeof startPipeline>[1]['providers'][string];
  const pipeline = await startPipeline(t, {
    providers: { first: nowhere, second: nowhere },
    familyPerMinute,
    limits,
    overrides: { findAdapter: () => adapter, ...overrides },
  });
  const measure = async (
    origins: readonly Coordinates[],
    destinations: readonly Coordinates[],
    signal?: AbortSignal,
  ) => {
    const caller = {
      ...sampleCaller,
      tenantId: pipelineTenant,
      deadlineAtMs: Date.now() + 10_000,
      familyCharge: { granted: null },
    };
    const calls = origins.flatMap((origin) =>
      destinations.map((destination) =>
        routeCall({ capabilities }, caller, { mode: 'driving', provider: null }, origin, destination),
      ),
    );
    const settled = await pipeline.calls.executeTogether(calls, renderRoute, signal ?? new AbortController().signal);
    return settled.map((each) => {
      if (each.status === 'fulfilled') return each.value.provider;
      return each.reason instanceof ServiceError ? each.reason.code : String(each.reason);
    });
  };
  return { ...pipeline, asked, measure };
}

const route: RouteElement = { kind: 'ok', value: { distance_meters: 20_000, duration_seconds: 60 } };
const answerAll: Answer = (_service, input) =>
  judgeMatrix(
    input.origins.map(() => input.destinations.map(() => route)),
    input,
  );
const has = ({ origins, destinations }: DistanceInput, index: number) =>
  [...origins, ...destinations].some(({ latitude }) => latitude === pointAt(index).latitude);

test('one pair that a vendor refuses fails alone', async (t) => {
  // valhalla/valhalla#193: one pair too far apart is an error of the whole request.
  const { measure, asked } = await start(t, (service, input) =>
    has(input, 2) && has(input, 103)
      ? { kind: 'bad_input', status: 400, message: 'path distance exceeds the limit' }
      : answerAll(service, input),
  );
  const outcomes = await measure(points(5), points(5, 100));
  assert.deepEqual(
    outcomes.map((outcome, index) => (outcome === 'first' ? null : [index, outcome])).filter((each) => each !== null),
    [[2 * 5 + 3, 'INVALID_REQUEST']],
  );
  assert.ok(asked.length <= 12, `${asked.length} requests`);
});

test('the next provider is asked only for elements without an answer, and each request has its audit row', async (t) => {
  const { measure, asked, records } = await start(t, (service, input) =>
    service === 'second'
      ? answerAll(service, input)
      : judgeMatrix(
          input.origins.map((_origin, row) =>
            input.destinations.map(
              (_destination, column): RouteElement =>
                row === column ? { kind: 'failed', retryable: true, message: 'code 13' } : route,
            ),
          ),
          input,
        ),
  );
  const outcomes = await measure(points(3), points(3, 100));
  assert.deepEqual(outcomes, ['second', 'first', 'first', 'first', 'second', 'first', 'first', 'first', 'second']);
  assert.deepEqual(
    asked.map(({ elements }) => elements),
    [9, 1, 1, 1],
  );
  const logs = records.flatMap((record) => record.logs ?? []);
  assert.deepEqual(
    logs.map(({ serviceName, elements, status }) => [serviceName, elements, status]),
    [
      ['first', 9, 'success'],
      ['second', 1, 'success'],
      ['second', 1, 'success'],
      ['second', 1, 'success'],
    ],
  );
});

test('if no pair has a route at any provider, each is not found, and that is cached', async (t) => {
  const { measure, asked } = await start(t, () => ({ kind: 'empty' }));
  const expected = ['ROUTE_NOT_FOUND', 'ROUTE_NOT_FOUND'];
  assert.deepEqual(await measure(points(1), points(2, 100)), expected);
  assert.deepEqual(await measure(points(1), points(2, 100)), expected);
  assert.equal(asked.length, 2, 'each provider once');
});

test('a budget pays for as many elements as it can', async (t) => {
  let left = 10;
  const { measure, asked } = await start(t, answerAll, {
    costOf: (_service, _operation, units) => units,
    async reserveBudget(_tenant, _service, units) {
      if (units > left) return { kind: 'refused', because: 'spent', untilMs: Date.now() + 60_000 };
      left -= units;
      return { kind: 'reserved', reservation: { settle() {} } };
    },
  });
  const outcomes = await measure(points(5), points(5, 100));
  assert.equal(outcomes.filter((outcome) => outcome === 'first').length, 10);
  assert.equal(outcomes.filter((outcome) => outcome === 'BUDGET_EXCEEDED').length, 15);
  assert.equal(left, 0);
  assert.ok(asked.length <= 5, `${asked.length} requests`);
});

test('an account’s limit counts elements, and its whole remainder is used', async (t) => {
  const { measure, asked } = await start(t, answerAll, {}, 1_000, { first: { perMinute: 10 } });
  const byProvider = Map.groupBy(await measure(points(5), points(5, 100)), (provider) => provider);
  assert.deepEqual([byProvider.get('first')?.length, byProvider.get('second')?.length], [10, 15]);
  assert.ok(asked.length <= 8, `${asked.length} requests`);
});

test('the tenant’s own limit counts the request once, however many providers are asked', async (t) => {
  const { measure } = await start(
    t,
    (service, input) =>
      service === 'first' ? { kind: 'failed', retryable: false, message: 'down' } : answerAll(service, input),
    {},
    1,
  );
  assert.deepEqual(new Set(await measure(points(4), points(4, 100))), new Set(['second']));
  assert.deepEqual(new Set(await measure(points(1), points(1, 200))), new Set(['RATE_LIMIT_EXCEEDED']));
});

test('two requests that share elements both end', async (t) => {
  const { measure, asked } = await start(t, answerAll);
  const [one, other] = await Promise.all([measure(points(4), points(4, 100)), measure(points(4, 2), points(4, 102))]);
  assert.deepEqual(new Set([...one, ...other]), new Set(['first']));
  assert.equal(
    asked.reduce((sum, { elements }) => sum + elements, 0),
    4 * 4 + 4 * 4 - 2 * 2,
    'what both ask for is asked once',
  );
});

test('when a caller leaves, callers that share its elements still get their answers', async (t) => {
  const { measure } = await start(t, answerAll);
  const leaving = new AbortController();
  const left = measure(points(2), points(2, 100), leaving.signal);
  const staying = measure(points(2), points(2, 100));
  leaving.abort(new Error('gone'));
  assert.deepEqual(new Set(await staying), new Set(['first']));
  assert.deepEqual(new Set(await left), new Set(['Error: gone']));
});
