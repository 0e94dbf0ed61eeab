/** Cache answers in the last 24 hours: bars of hits with misses on top, and the share as text. */
import type { SeriesAnswer } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { hrefOf } from '../../app/location.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { missesCounted } from '../../parts/charts/counted-calls.ts';
import { Sparkline } from '../../parts/charts/sparkline.tsx';
import { cacheMessages } from './messages.ts';

const hours = 24;
const hourMs = 3_600_000;

export interface HitsAndMisses {
  /** Per hour, oldest first. */
  readonly hits: readonly number[];
  readonly misses: readonly number[];
  /** The list of these misses. */
  readonly missesHref: string;
}

/** For one operation of one service, or for all; null until it is known. */
export type HitsOf = (row: { readonly service: string; readonly operation: string } | null) => HitsAndMisses | null;

export function useHits(): HitsOf {
  const { data } = useQuery(
    'cache-hits',
    async (api, signal) => {
      const endMs = Math.floor(Date.now() / hourMs) * hourMs + hourMs;
      const startMs = endMs - hours * hourMs;
      const span = { from: new Date(startMs).toISOString(), to: new Date(endMs).toISOString(), step: 'hour' };
      const ask = (metric: string) =>
        api.get<SeriesAnswer>('/stats/series', { metric, group_by: 'service,operation', ...span }, signal);
      const [hits, misses] = await Promise.all([ask('cache_hits'), ask('cache_misses')]);
      return { startMs, span: { from: span.from, to: span.to }, hits, misses };
    },
    { refreshMs: 60_000 },
  );
  return (row) => {
    if (data === null) return null;
    const hoursOf = ({ series }: SeriesAnswer): number[] => {
      const counts = new Array<number>(hours).fill(0);
      for (const { labels, points } of series) {
        if (row !== null && (labels.service !== row.service || labels.operation !== row.operation)) continue;
        for (const [time, value] of points) {
          const hour = Math.floor((new Date(time).getTime() - data.startMs) / hourMs);
          counts[hour] = (counts[hour] ?? 0) + (value ?? 0);
        }
      }
      return counts;
    };
    const filter = row === null ? {} : { service_name: row.service, operation: row.operation };
    return {
      hits: hoursOf(data.hits),
      misses: hoursOf(data.misses),
      missesHref: hrefOf('/calls', { ...filter, ...missesCounted, ...data.span }),
    };
  };
}

export function HitBars({ of }: { of: HitsAndMisses | null }) {
  const t = useMessages(cacheMessages);
  const formats = useFormats();
  if (of === null) return <>–</>;
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  const [hits, misses] = [sum(of.hits), sum(of.misses)];
  if (hits + misses === 0) return <span class="muted">{t('quietDay')}</span>;
  return (
    <span class="hit-bars">
      <Sparkline kind="cache" calls={of.hits.map((count, hour) => count + (of.misses[hour] ?? 0))} errors={of.misses} />
      <span>{t('hitsOfDay', { share: formats.percent(hits / (hits + misses)), count: hits + misses })}</span>
      {misses > 0 && <a href={of.missesHref}>{t('missesOfDay', { count: misses })}</a>}
    </span>
  );
}
