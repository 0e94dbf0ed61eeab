import type { CacheStats } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { usePlace } from '../../app/location.tsx';
import { appMessages } from '../../app/messages.ts';
import { useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { FormFault } from '../../parts/forms/form.tsx';
import { DataTable } from '../../parts/lists/data-table.tsx';
import { PageHeader } from '../../parts/page-header.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Entries, useEntries } from './entries.tsx';
import { HitBars, useHits } from './hit-bars.tsx';
import { Invalidate, useInvalidation } from './invalidation.tsx';
import { cacheMessages } from './messages.ts';
import { type OperationRow, type Prices, refill, rowsOf, usePrices } from './refill.ts';

const refreshMs = 10_000;

export function Page() {
  const app = useMessages(appMessages);
  const stats = useQuery('cache-stats', (api, signal) => api.get<CacheStats>('/cache/stats', {}, signal), {
    refreshMs,
  });
  const { query } = usePlace();
  const cursor = query.get('cursor');
  const entries = useEntries(cursor);
  const prices = usePrices();
  // Both the counts and the list no longer have the invalidated answers.
  const onChanged = (): void => {
    stats.reload();
    entries.reload();
  };
  return (
    <>
      <PageHeader title={app('cache')} />
      <div class="stack">
        <QueryView query={stats}>{(data) => <Stats stats={data} prices={prices} onChanged={onChanged} />}</QueryView>
        <Invalidate stats={stats.data} prices={prices} onChanged={onChanged} />
        <Entries query={entries} cursor={cursor} />
      </div>
    </>
  );
}

interface StatsProps {
  readonly stats: CacheStats;
  readonly prices: Prices;
  readonly onChanged: () => void;
}

function Stats({ stats, prices, onChanged }: StatsProps) {
  const t = useMessages(cacheMessages);
  const formats = useFormats();
  const isAdmin = useIsAdmin();
  const invalidation = useInvalidation(onChanged);
  const rows = rowsOf(stats);
  const hitsOf = useHits();
  return (
    <>
      <ul class="tiles">
        {[
          [t('hitRate'), stats.hit_rate === null ? '–' : formats.percent(stats.hit_rate)],
          [t('hits'), formats.compact(stats.hits)],
          [t('misses'), formats.compact(stats.misses)],
          [t('kept'), formats.compact(rows.reduce((sum, { entries }) => sum + entries, 0))],
        ].map(([name, value]) => (
          <li key={name} class="tile">
            <span class="tile-name">{name}</span>
            <span class="tile-value">{value}</span>
          </li>
        ))}
        <li class="tile">
          <span class="tile-name">{t('lastDay')}</span>
          <HitBars of={hitsOf(null)} />
        </li>
      </ul>
      <p class="hint">{t('scope')}</p>
      <section class="panel" aria-label={t('operations')}>
        <h2>{t('operations')}</h2>
        <FormFault error={invalidation.error} />
        <DataTable<OperationRow>
          caption={t('operations')}
          rows={rows}
          keyOf={({ service, operation }) => `${service} ${operation}`}
          empty={t('empty')}
          columns={[
            { name: t('service'), cell: ({ service }) => <Foreign text={service} /> },
            { name: t('operation'), cell: ({ operation }) => <Foreign text={operation} /> },
            { name: t('entries'), isNumber: true, cell: ({ entries }) => formats.number(entries) },
            { name: t('hits'), isNumber: true, cell: ({ hits }) => formats.number(hits) },
            { name: t('misses'), isNumber: true, cell: ({ misses }) => formats.number(misses) },
            { name: t('size'), isNumber: true, cell: ({ size_bytes }) => formats.bytes(size_bytes) },
            { name: t('lastDay'), cell: (row) => <HitBars of={hitsOf(row)} /> },
            ...(isAdmin
              ? [
                  {
                    name: t('letGo'),
                    cell: (row: OperationRow) => (
                      <button
                        type="button"
                        class="button small"
                        aria-label={t('letGoNamed', { name: `${row.service} ${row.operation}` })}
                        onClick={() =>
                          invalidation.ask({
                            name: `${row.service} ${row.operation}`,
                            body: { service_name: row.service, operation: row.operation },
                            ...refill([row], prices),
                          })
                        }
                      >
                        {t('letGo')}
                      </button>
                    ),
                  },
                ]
              : []),
          ]}
        />
        {invalidation.dialog}
      </section>
      <section class="panel" aria-label={t('layers')}>
        <h2>{t('layers')}</h2>
        <DataTable
          caption={t('layers')}
          rows={stats.layers}
          keyOf={({ layer }) => layer}
          empty={t('empty')}
          columns={[
            { name: t('layer'), cell: ({ layer }) => (layer in cacheMessages ? t(layer as 'memory') : layer) },
            { name: t('hits'), isNumber: true, cell: ({ hits }) => formats.number(hits) },
            {
              name: t('entries'),
              isNumber: true,
              cell: ({ entries }) => (entries === null ? '–' : formats.number(entries)),
            },
            {
              name: t('size'),
              isNumber: true,
              cell: ({ size_bytes }) => (size_bytes === null ? '–' : formats.bytes(size_bytes)),
            },
          ]}
        />
      </section>
    </>
  );
}
