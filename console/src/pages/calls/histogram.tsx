import type { SeriesAnswer } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { setQuery, usePlace } from '../../app/location.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Chart } from '../../parts/charts/chart.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { typedNames } from './filters.ts';
import { listMessages } from './list-messages.ts';
import { barsOf, type Span, spanOf } from './span.ts';

const refreshMs = 15_000;
/** The counts are stored only by service and operation: these filters do not apply to them. */
const uncounted = ['status', 'min_duration_ms', ...typedNames] as const;

interface Counts {
  /** Whether the reader chose the range; otherwise it is the last day. Older counts stay on the page under their own title. */
  readonly isChosen: boolean;
  readonly span: Span;
  readonly times: readonly number[];
  readonly calls: readonly number[];
  /** null: of cache misses, the errors are not counted apart. */
  readonly errors: readonly number[] | null;
}

/** The number of calls over time; dragging over it sets the range of the list, like the filter fields. */
export function Histogram() {
  const t = useMessages(listMessages);
  const formats = useFormats();
  const { query } = usePlace();
  const wanted = { service: query.get('service_name'), operation: query.get('operation') };
  const isMisses = query.get('cache') === 'miss';
  const hasTimes = query.has('from') || query.has('to');
  const key = ['range', 'from', 'to', 'service_name', 'operation', 'cache']
    .map((name) => query.get(name) ?? '')
    .join('|');
  const answer = useQuery(
    `histogram:${key}`,
    async (api, signal): Promise<Counts> => {
      const span = spanOf(query);
      const asked = {
        from: new Date(span.fromMs).toISOString(),
        to: new Date(span.toMs).toISOString(),
        step: span.step,
        group_by: 'service,operation',
      };
      const barsFor = async (metric: string): Promise<number[]> =>
        barsOf(span, await api.get<SeriesAnswer>('/stats/series', { ...asked, metric }, signal), wanted);
      const metrics = isMisses ? ['cache_misses'] : ['calls', 'cache_hits', 'errors'];
      const [calls = [], cached, errors = null] = await Promise.all(metrics.map(barsFor));
      // The list has no rows for answers from the cache.
      const counted = calls.map((count, index) => count - (cached?.[index] ?? 0));
      return {
        isChosen: hasTimes || query.has('range'),
        span,
        times: counted.map((_, index) => (span.fromMs + index * span.barMs) / 1_000),
        calls: counted,
        errors,
      };
    },
    hasTimes ? {} : { refreshMs },
  );
  const choose = (fromMs: number, toMs: number, barMs: number): void =>
    setQuery({
      range: null,
      cursor: null,
      from: new Date(Math.floor(fromMs / barMs) * barMs).toISOString(),
      to: new Date(Math.ceil(toMs / barMs) * barMs).toISOString(),
    });
  const isPartly = uncounted.some((name) => query.has(name));
  return (
    <section class="panel histogram" aria-label={t('histogram')}>
      <QueryView query={answer}>
        {({ isChosen, span, times, calls, errors }) => (
          <Chart
            title={isChosen ? t('histogram') : t('histogramDay')}
            times={times}
            format={(value) => formats.compact(value)}
            barSeconds={span.barMs / 1_000}
            onRange={(fromMs, toMs) => choose(fromMs, toMs, span.barMs)}
            series={[
              { name: errors === null ? t('misses') : t('calls'), values: calls, color: 0, isBars: true },
              ...(errors === null ? [] : [{ name: t('errors'), values: errors, color: 'bad' as const, isBars: true }]),
            ]}
          />
        )}
      </QueryView>
      <div class="table-foot">
        <span class="hint">
          {t(isPartly ? 'countedAll' : isMisses ? 'countedMisses' : 'counted')}{' '}
          {answer.data?.span.step === 'day' && t('utcDays')}
        </span>
        {hasTimes && (
          <button
            type="button"
            class="button small"
            onClick={() => setQuery({ from: null, to: null, range: null, cursor: null })}
          >
            {t('resetRange')}
          </button>
        )}
      </div>
    </section>
  );
}
