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

export interface Timeline {
  /** Unix seconds. */
  readonly times: readonly number[];
  readonly values: Readonly<Record<Metric, readonly (number | null)[]>>;
  readonly fromIso: string;
  readonly toIso: string;
}

/** What was not counted is 0 for counts and unknown for latencies. */
export async function readTimeline(api: Api, span: Span, signal: AbortSignal): Promise<Timeline> {
  const endMs = Math.floor(Date.now() / span.stepMs) * span.stepMs + span.stepMs;
  const startMs = endMs - span.spanMs;
  const fromIso = new Date(startMs).toISOString();
  const toIso = new Date(endMs).toISOString();
  const times: number[] = [];
  for (let at = startMs; at < endMs; at += span.stepMs) times.push(at / 1_000);
  const answers = await Promise.all(
    metrics.map((metric) =>
      api.get<SeriesAnswer>('/stats/series', { metric, from: fromIso, to: toIso, step: span.step }, signal),
    ),
  );
  const values = Object.fromEntries(
    metrics.map((metric, index) => {
      const sums = new Map<number, number>();
      for (const { points } of answers[index]?.series ?? []) {
        for (const [time, value] of points) {
          if (value === null) continue;
          const at =
            Math.floor(Date.parse(typeof time === 'string' ? time : new Date(time).toISOString()) / span.stepMs) *
            (span.stepMs / 1_000);
          sums.set(at, (sums.get(at) ?? 0) + value);
        }
      }
      const missing = metric.startsWith('latency') ? null : 0;
      return [metric, times.map((time) => sums.get(time) ?? missing)];
    }),
  ) as unknown as Timeline['values'];
  return { times, values, fromIso, toIso };
}

export function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
