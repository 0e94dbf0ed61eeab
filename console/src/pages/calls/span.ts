/** The bars of the histogram above the list: their width and counts. */
import type { SeriesAnswer } from '../../api/types.ts';
import { rangeMs } from './filters.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** A little less than the service stores its counts by minute and by hour. */
const minutesKeptMs = 47 * hourMs;
const hoursKeptMs = 29 * dayMs;
const mostBars = 75;
const usualMs = dayMs;
const barSizes = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080, 43_200].map(
  (minutes) => minutes * minuteMs,
);

export interface Span {
  /** The bars' edges in ms. `toMs` is exclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly barMs: number;
  readonly step: 'minute' | 'hour' | 'day';
}

/** The range of the filters; without one, the last day. */
export function spanOf(query: URLSearchParams, nowMs = Date.now()): Span {
  const ms = rangeMs(query.get('range')) ?? usualMs;
  const to = timeOf(query.get('to')) ?? nowMs;
  const from = timeOf(query.get('from')) ?? (query.has('to') ? to - usualMs : nowMs - ms);
  const width = Math.max(minuteMs, to - from);
  const finestMs = nowMs - from <= minutesKeptMs ? minuteMs : nowMs - from <= hoursKeptMs ? hourMs : dayMs;
  const barMs = barSizes.find((size) => size >= finestMs && width / size <= mostBars) ?? (barSizes.at(-1) as number);
  return {
    fromMs: Math.floor(from / barMs) * barMs,
    toMs: Math.max(Math.ceil(to / barMs), Math.floor(from / barMs) + 1) * barMs,
    barMs,
    step: barMs >= dayMs ? 'day' : barMs >= hourMs ? 'hour' : 'minute',
  };
}

function timeOf(iso: string | null): number | null {
  const ms = iso === null ? Number.NaN : Date.parse(iso);
  return Number.isNaN(ms) ? null : ms;
}

/** Sums the points of the series with these labels into the bars of the span. */
export function barsOf(span: Span, answer: SeriesAnswer, wanted: Readonly<Record<string, string | null>>): number[] {
  const bars = new Array<number>(Math.round((span.toMs - span.fromMs) / span.barMs)).fill(0);
  for (const { labels, points } of answer.series) {
    const fits = Object.entries(wanted).every(([name, value]) => value === null || labels[name] === value);
    if (!fits) continue;
    for (const [time, value] of points) {
      const place = Math.floor((new Date(time).getTime() - span.fromMs) / span.barMs);
      if (bars[place] !== undefined) bars[place] += value ?? 0;
    }
  }
  return bars;
}
