import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { getOrCreate } from '../../../bounded-map.ts';
import { invalidInput } from '../../../errors.ts';
import {
  readSeries,
  type SeriesGroup,
  type SeriesMetric,
  type SeriesPoint,
  type SeriesStep,
  seriesGroups,
  seriesMetrics,
  seriesSteps,
} from '../../../storage/tables/usage-series.ts';
import { requireUnbound } from '../../auth/authenticate.ts';
import { endpointsOf } from '../../endpoints.ts';
import { parseEndTime, parseTime, timeSchema } from '../../request/query-values.ts';
import { callerOf } from '../../request/request-context.ts';
import type { AdminRoutesDeps } from './admin-route-deps.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
const stepMs: Readonly<Record<SeriesStep, number>> = { minute: minuteMs, hour: hourMs, day: dayMs };
const usualSpanMs: Readonly<Record<SeriesStep, number>> = { minute: hourMs, hour: dayMs, day: 30 * dayMs };
/** Per series: 48 hours of minutes, and a few more. */
const maxBuckets = 3_000;
/** Per answer. */
const maxPoints = 50_000;

const metricNames = Object.keys(seriesMetrics) as SeriesMetric[];

const answerSchema = Type.Object(
  {
    metric: Type.String(),
    step: Type.String(),
    from: Type.String({ description: 'The first bucket begins here.' }),
    to: Type.String({ description: 'Exclusive.' }),
    unit: Type.String({ examples: ['count', 'ms', 'USD'] }),
    series: Type.Array(
      Type.Object({
        labels: Type.Record(Type.String(), Type.String()),
        points: Type.Array(
          Type.Unsafe<[string, number]>({
            type: 'array',
            prefixItems: [{ type: 'string', format: 'date-time' }, { type: 'number' }],
            minItems: 2,
            maxItems: 2,
          }),
          { description: 'Time and value, oldest first. Buckets in which nothing was recorded are left out.' },
        ),
      }),
    ),
  },
  { title: 'StatsSeries' },
);
const querySchema = Type.Object({
  metric: Type.String({
    maxLength: 40,
    description:
      `One of ${metricNames.join(', ')}. Calls and errors count what \`/costs\` counts (each provider tried, and cache hits), ` +
      'without probes. Misses are lookups and reads that asked their first provider; proxied calls are not among them. ' +
      'Percentiles are estimates from a histogram, up to 10000 ms.',
  }),
  step: Type.Optional(
    Type.String({
      maxLength: 10,
      default: 'minute',
      description: 'minute (kept 48 h), hour (30 days) or day (as the logs).',
    }),
  ),
  from: Type.Optional(timeSchema('Default: an hour of minutes, a day of hours, 30 days of days before `to`.')),
  to: Type.Optional(timeSchema('Exclusive; a day alone is taken in whole. Default: now.')),
  group_by: Type.Optional(
    Type.String({ maxLength: 100, description: 'Any of service, operation. Default: one series.' }),
  ),
});

/** `GET /stats/series`. */
export function statsRoute(
  app: FastifyInstance,
  { db, cache, clock }: Pick<AdminRoutesDeps, 'db' | 'cache' | 'clock'>,
): void {
  const endpoints = endpointsOf(app, 'logs', { scope: 'logs:read', boundTokens: 'judged' });
  endpoints.get(
    '/stats/series',
    'What was called, by minute, hour or day',
    { answer: answerSchema, querystring: querySchema },
    async (request) => {
      const { tenantId, principal } = callerOf(request);
      const metric = requireOneOf('metric', request.query.metric, metricNames);
      // Webhooks belong to no service.
      if (metric === 'webhooks') requireUnbound(principal);
      const step = requireOneOf('step', request.query.step ?? 'minute', seriesSteps);
      const groups = readGroups(request.query.group_by);
      const [fromMs, toMs] = readSpan(request.query, step, clock.now());
      await cache.writeNoted();
      const asked = { metric, step, fromMs, toMs, groups, boundTo: principal.services, limit: maxPoints + 1 };
      const points = await db.readForTenant(tenantId, (tx) => readSeries(tx, tenantId, asked));
      if (points.length > maxPoints) {
        throw invalidInput(
          'group_by',
          `would make more than ${maxPoints} points: group more coarsely, or ask for less time`,
          `точек вышло бы больше ${maxPoints}: сгруппируйте крупнее или возьмите период короче`,
        );
      }
      return {
        metric,
        step,
        from: timeOf(fromMs),
        to: timeOf(toMs),
        unit: unitOf(metric),
        series: seriesOf(points, groups),
      };
    },
  );
}

function requireOneOf<Name extends string>(path: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text);
  if (found === undefined) throw invalidInput(path, `must be one of ${names.join(', ')}`);
  return found;
}

function readGroups(text: string | undefined): readonly SeriesGroup[] {
  if (text === undefined) return [];
  return text.split(',').map((name) => {
    const trimmed = name.trim();
    return requireOneOf('group_by', trimmed === 'service_name' ? 'service' : trimmed, seriesGroups);
  });
}

/** Whole buckets: the first is the one that contains `from`. */
function readSpan(
  { from, to }: { readonly from?: string; readonly to?: string },
  step: SeriesStep,
  nowMs: number,
): [number, number] {
  const toMs = to === undefined ? nowMs : parseEndTime('to', to);
  const asked = from === undefined ? toMs - usualSpanMs[step] : parseTime('from', from);
  const fromMs = Math.floor(asked / stepMs[step]) * stepMs[step];
  if (toMs <= asked) throw invalidInput('to', 'must be later than from', 'конец должен быть позже начала');
  if ((toMs - fromMs) / stepMs[step] > maxBuckets) {
    throw invalidInput(
      'from',
      `must be at most ${maxBuckets} ${step}s before to: ask for a coarser step`,
      `точек вышло бы больше ${maxBuckets}: возьмите шаг крупнее`,
    );
  }
  return [fromMs, toMs];
}

/** Without groups there is always exactly one series. */
function seriesOf(points: readonly SeriesPoint[], groups: readonly SeriesGroup[]) {
  const series = new Map<string, { labels: Record<string, string>; points: [string, number][] }>();
  if (groups.length === 0) series.set('{}', { labels: {}, points: [] });
  for (const { at_ms, value, ...labels } of points) {
    const key = JSON.stringify(labels);
    const one = getOrCreate(series, key, () => ({ labels, points: [] }));
    one.points.push([timeOf(at_ms), value]);
  }
  return [...series.values()];
}

function unitOf(metric: SeriesMetric): string {
  if (metric.startsWith('latency')) return 'ms';
  return metric === 'cost' || metric === 'saved' ? 'USD' : 'count';
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
