/** The points of `GET /stats/series` on one time axis. */
import type { Api } from '../../api/client.ts';
import type { SeriesAnswer } from '../../api/types.ts';

export type Step = 'minute' | 'hour' | 'day';

export interface Span {
  readonly key: 'hour' | 'day' | 'month';
  readonly step: Step;
  readonly spanMs: number;
  readonly stepMs: number;
}

export const spans: readonly Span[] = [
  { key: 'hour', step: 'minute', spanMs: 3_600_000, stepMs: 60_000 },
  { key: 'day', step: 'hour', spanMs: 86_400_000, stepMs: 3_600_000 },
  { key: 'month', step: 'day', spanMs: 30 * 86_400_000, stepMs: 86_400_000 },
];

export const metrics = [
  'calls',
  'errors',
  'latency_p50',
  'latency_p95',
  'cache_hits',
  'cache_misses',
  'saved',
  'cost',
  'webhooks',
] as const;
export type Metric = (typeof metrics)[number];

type Values = Readonly<Record<Metric, readonly (number | null)[]>>;

export interface Timeline {
  /** Unix seconds. */
  readonly times: readonly number[];
  readonly values: Values;
  /** For the previous span of the same length. */
  readonly before: Values;
  readonly fromIso: string;
  readonly toIso: string;
}

/** A missing point is 0 for counts and unknown for latencies. */
export async function readTimeline(api: Api, span: Span, signal: AbortSignal): Promise<Timeline> {
  const endMs = Math.floor(Date.now() / span.stepMs) * span.stepMs + span.stepMs;
  const startMs = endMs - span.spanMs;
  const fromIso = new Date(startMs).toISOString();
  const toIso = new Date(endMs).toISOString();
  const times: number[] = [];
  for (let at = startMs; at < endMs; at += span.stepMs) times.push(at / 1_000);
  const answers = await Promise.all(
    metrics.map((metric) =>
      api.get<SeriesAnswer>(
        '/stats/series',
        { metric, from: new Date(startMs - span.spanMs).toISOString(), to: toIso, step: span.step },
        signal,
      ),
    ),
  );
  const valuesFrom = (shiftSeconds: number): Values =>
    Object.fromEntries(
      metrics.map((metric, index) => {
        const sums = sumByBucket(answers[index] as SeriesAnswer, span.stepMs);
        const missing = metric.startsWith('latency') ? null : 0;
        return [metric, times.map((time) => sums.get(time - shiftSeconds) ?? missing)];
      }),
    ) as unknown as Values;
  return { times, values: valuesFrom(0), before: valuesFrom(span.spanMs / 1_000), fromIso, toIso };
}

/** By the start of its bucket in Unix seconds. */
export function sumByBucket({ series }: SeriesAnswer, stepMs: number): ReadonlyMap<number, number> {
  const sums = new Map<number, number>();
  for (const [time, value] of series.flatMap(({ points }) => points)) {
    if (value === null) continue;
    const at = Math.floor(new Date(time).getTime() / stepMs) * (stepMs / 1_000);
    sums.set(at, (sums.get(at) ?? 0) + value);
  }
  return sums;
}

export function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

/** null: no calls, so there is no share and no latency. */
export interface Totals {
  readonly calls: number;
  readonly errorShare: number | null;
  readonly p95Ms: number | null;
  readonly hitRate: number | null;
  readonly cost: number;
  readonly saved: number;
  readonly webhooks: number;
}

export function totalsOf(values: Values): Totals {
  const calls = sum(values.calls);
  const hits = sum(values.cache_hits);
  const asked = hits + sum(values.cache_misses);
  const latencies = values.latency_p95.filter((value) => value !== null);
  return {
    calls,
    errorShare: calls === 0 ? null : sum(values.errors) / calls,
    p95Ms: latencies.length === 0 ? null : Math.max(...latencies),
    hitRate: asked === 0 ? null : hits / asked,
    cost: sum(values.cost),
    saved: sum(values.saved),
    webhooks: sum(values.webhooks),
  };
}
