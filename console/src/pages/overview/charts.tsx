/** The charts of a range; a point opens what it counts. */
import { useMemo } from 'preact/hooks';
import { go, hrefOf } from '../../app/location.tsx';
import { useSession } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Chart } from '../../parts/charts/chart.tsx';
import {
  callsCounted,
  costsCounted,
  errorsCounted,
  latenciesCounted,
  missesCounted,
} from '../../parts/charts/counted-calls.ts';
import { Code } from '../../parts/copy-button.tsx';
import { curlOf } from '../../parts/forms/curl.ts';
import { overviewMessages } from './messages.ts';
import { sum, type Timeline } from './series.ts';

interface ChartsProps {
  readonly timeline: Timeline;
  readonly changedAt: readonly string[] | undefined;
}

export function Charts({ timeline: { times, values }, changedAt = [] }: ChartsProps) {
  const t = useMessages(overviewMessages);
  const formats = useFormats();
  const { tenant = '' } = useSession();
  // One text, so that charts are drawn again only after a new change.
  const moments = changedAt.filter((iso) => Date.parse(iso) / 1_000 >= (times[0] ?? 0)).join();
  const marks = useMemo(
    () => (moments === '' ? [] : moments.split(',').map((iso) => Date.parse(iso) / 1_000)),
    [moments],
  );
  /** Opens the calls that a chart counts. */
  const toCalls = (filter: Readonly<Record<string, string>>) => ({
    onRange: (fromMs: number, toMs: number): void =>
      go(hrefOf('/calls', { ...filter, from: isoOf(fromMs), to: isoOf(toMs) })),
  });
  const toDeliveries = (fromMs: number, toMs: number): void =>
    go(hrefOf('/webhooks/deliveries', { from_date: isoOf(fromMs), to_date: isoOf(toMs) }));
  if (sum(values.calls) + sum(values.cache_hits) + sum(values.webhooks) === 0) {
    const body = { address: 'Ташкент, улица Навои, 5' };
    return (
      <section class="panel">
        <div class="empty">
          <p>{t('noTraffic')}</p>
          <Code label={t('curl')} text={curlOf('POST', '/geocoding/geocode', tenant, body)} />
        </div>
      </section>
    );
  }
  const count = (value: number): string => formats.compact(value);
  // The list has no rows for answers from the cache.
  const asked = values.calls.map((calls, index) => (calls ?? 0) - (values.cache_hits[index] ?? 0));
  const barSeconds = (times[1] ?? 0) - (times[0] ?? 0);
  const common = { times, barSeconds, isLastFilling: true, marks };
  return (
    <section aria-label={t('charts')}>
      <div class="chart-grid">
        <div class="panel">
          <Chart
            title={t('calls')}
            {...common}
            format={count}
            {...toCalls(callsCounted)}
            isStacked
            series={[
              { name: t('asked'), values: asked, color: 0, isBars: true },
              { name: t('fromCache'), values: values.cache_hits, color: 2, isBars: true },
            ]}
          />
        </div>
        <div class="panel">
          <Chart
            title={t('errors')}
            {...common}
            format={count}
            {...toCalls(errorsCounted)}
            series={[{ name: t('errors'), values: values.errors, color: 'bad', isBars: true }]}
          />
        </div>
        <div class="panel">
          <Chart
            title={t('latency')}
            {...common}
            format={formats.duration}
            {...toCalls(latenciesCounted)}
            series={[
              { name: t('p50'), values: values.latency_p50, color: 0 },
              { name: t('p95'), values: values.latency_p95, color: 1, isDashed: true },
            ]}
          />
        </div>
        <div class="panel">
          <Chart
            title={t('cache')}
            {...common}
            format={count}
            {...toCalls(missesCounted)}
            series={[
              { name: t('hits'), values: values.cache_hits, color: 2 },
              { name: t('misses'), values: values.cache_misses, color: 1, isDashed: true },
            ]}
          />
        </div>
        <div class="panel">
          <Chart
            title={t('cost')}
            {...common}
            format={formats.usd}
            {...toCalls(costsCounted)}
            series={[
              { name: t('spent'), values: values.cost, color: 0 },
              { name: t('saved'), values: values.saved, color: 2, isDashed: true },
            ]}
          />
        </div>
        <div class="panel">
          <Chart
            title={t('webhooks')}
            {...common}
            format={count}
            onRange={toDeliveries}
            series={[{ name: t('received'), values: values.webhooks, color: 0, isBars: true }]}
          />
        </div>
      </div>
      <p class="hint">
        {t(marks.length > 0 ? 'hatchedAndMarked' : 'hatched')} {t('opens')}
      </p>
    </section>
  );
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
