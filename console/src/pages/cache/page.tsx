import { useState } from 'preact/hooks';
import type { CacheEntry, CacheStats, Costs } from '../../api/types.ts';
import { type QueryState, useQuery } from '../../api/use-query.ts';
import { setQuery, usePlace } from '../../app/location.tsx';
import { appMessages } from '../../app/messages.ts';
import { useApi, useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { FormFault, TextField, useSending } from '../../parts/form.tsx';
import { PageHeader } from '../../parts/page-header.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Time } from '../../parts/time.tsx';
import { useToast } from '../../parts/toast.tsx';
import { cacheMessages } from './messages.ts';

const refreshMs = 10_000;

export function Page() {
  const app = useMessages(appMessages);
  const stats = useQuery('cache-stats', (api, signal) => api.get<CacheStats>('/cache/stats', {}, signal), {
    refreshMs,
  });
  const prices = usePrices();
  return (
    <>
      <PageHeader title={app('cache')} />
      <div class="stack">
        <QueryView query={stats}>{(data) => <Stats stats={data} prices={prices} onChanged={stats.reload} />}</QueryView>
        <Invalidate stats={stats} prices={prices} />
        <Entries />
      </div>
    </>
  );
}

/** USD of one call by service and operation, as this month's costs say. */
type Prices = ReadonlyMap<string, number>;

function usePrices(): Prices {
  const month = new Date().toISOString().slice(0, 7);
  const { data } = useQuery(`prices:${month}`, async (api, signal) => {
    const query = { from_date: `${month}-01`, group_by: 'service,operation' };
    const { rows } = await api.get<Costs>('/costs', query, signal);
    return new Map(
      rows
        .filter(({ request_count: asked }) => asked > 0)
        .map((row) => [`${row.service} ${row.operation}`, row.total_cost / row.request_count]),
    );
  });
  return data ?? new Map();
}

/** How many answers these are, and what asking for each of them again would cost. */
function refill(rows: readonly OperationRow[], prices: Prices): { readonly count: number; readonly costUsd: number } {
  return {
    count: rows.reduce((sum, { entries }) => sum + entries, 0),
    costUsd: rows.reduce(
      (sum, { service, operation, entries }) => sum + entries * (prices.get(`${service} ${operation}`) ?? 0),
      0,
    ),
  };
}

interface OperationRow {
  readonly service: string;
  readonly operation: string;
  readonly hits: number;
  readonly misses: number;
  readonly entries: number;
  readonly size_bytes: number;
}

function rowsOf(stats: CacheStats): readonly OperationRow[] {
  return stats.services.flatMap(({ service_name, operations }) =>
    operations.map((one) => ({ service: service_name, ...one })),
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

interface Asked {
  readonly name: string;
  readonly body: Record<string, unknown>;
  readonly count: number;
  readonly costUsd: number;
}

function useInvalidation(onChanged: () => void) {
  const t = useMessages(cacheMessages);
  const api = useApi();
  const say = useToast();
  const sending = useSending();
  const formats = useFormats();
  const [asked, setAsked] = useState<Asked | null>(null);
  const confirm = (): void => {
    const body = asked?.body ?? {};
    setAsked(null);
    void sending.run(async () => {
      const { invalidated_count } = await api.send<{ invalidated_count: number }>('POST', '/cache/invalidate', body);
      say(t('gone', { count: invalidated_count }));
      onChanged();
    });
  };
  return {
    error: sending.error,
    ask: setAsked,
    dialog:
      asked === null ? null : (
        <Confirm
          title={t('confirmTitle', { name: asked.name })}
          text={`${t('wouldGoNow', { count: asked.count })} ${t('confirmText', { cost: formats.usd(asked.costUsd) })}`}
          verb={t('letGoCount', { count: asked.count })}
          onConfirm={confirm}
          onCancel={() => setAsked(null)}
        />
      ),
  };
}

/** The pattern shows how many it would let go of before the button works. */
function Invalidate({ stats, prices }: { stats: QueryState<CacheStats>; prices: Prices }) {
  const t = useMessages(cacheMessages);
  const formats = useFormats();
  const isAdmin = useIsAdmin();
  const [pattern, setPattern] = useState('');
  const [reason, setReason] = useState('');
  const invalidation = useInvalidation(stats.reload);
  if (!isAdmin) return null;
  const { count, costUsd } = refill(
    stats.data === null || pattern === '' ? [] : matching(rowsOf(stats.data), pattern),
    prices,
  );
  return (
    <section class="panel" aria-label={t('invalidate')}>
      <h2>{t('invalidate')}</h2>
      <FormFault error={invalidation.error} fields={['pattern', 'reason']} />
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          const body = { pattern, ...(reason === '' ? {} : { reason }) };
          invalidation.ask({ name: pattern, body, count, costUsd });
        }}
      >
        <div class="form-grid">
          <TextField label={t('pattern')} hint={t('patternHint')} value={pattern} onInput={setPattern} isRequired />
          <TextField label={t('reason')} hint={t('reasonHint')} value={reason} onInput={setReason} />
        </div>
        <div class="actions">
          <button type="submit" class="button danger" aria-disabled={pattern === ''}>
            {pattern === '' ? t('letGo') : t('letGoCount', { count })}
          </button>
          {pattern !== '' && <span class="muted">{t('wouldGo', { count, cost: formats.usd(costUsd) })}</span>}
        </div>
      </form>
      {invalidation.dialog}
    </section>
  );
}

/** By service and operation: an exact hash behind them stands for at most one. */
function matching(rows: readonly OperationRow[], pattern: string): readonly OperationRow[] {
  const source = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  const whole = new RegExp(`^${source}$`);
  return rows.filter(({ service, operation }) => whole.test(`${service}:${operation}:${'0'.repeat(64)}`));
}

function Entries() {
  const t = useMessages(cacheMessages);
  const formats = useFormats();
  const { query } = usePlace();
  const cursor = query.get('cursor');
  const entries = useQuery(`cache-entries:${cursor}`, (api, signal) =>
    api.get<{ entries: readonly CacheEntry[]; next_cursor: string | null }>(
      '/cache/entries',
      { limit: 50, cursor },
      signal,
    ),
  );
  return (
    <section class="panel" aria-label={t('latest')}>
      <h2>{t('latest')}</h2>
      <QueryView query={entries}>
        {(page) => (
          <>
            <DataTable<CacheEntry>
              caption={t('latest')}
              rows={page.entries}
              keyOf={({ cache_key }) => cache_key}
              empty={t('empty')}
              columns={[
                { name: t('fetched'), cell: ({ fetched_at }) => <Time iso={fetched_at} /> },
                { name: t('service'), cell: ({ service_name }) => <Foreign text={service_name} /> },
                { name: t('operation'), cell: ({ operation }) => <Foreign text={operation} /> },
                { name: t('state'), cell: ({ status }) => (status in cacheMessages ? t(status as 'active') : status) },
                { name: t('size'), isNumber: true, cell: ({ size_bytes }) => formats.bytes(size_bytes) },
                { name: t('expires'), cell: ({ expires_at }) => <Time iso={expires_at} /> },
                {
                  name: t('key'),
                  isExtra: true,
                  cell: ({ cache_key }) => <span class="mono unbroken">{cache_key}</span>,
                },
              ]}
            />
            <div class="table-foot">
              {cursor !== null && (
                <button type="button" class="button small" onClick={() => setQuery({ cursor: null })}>
                  {t('newest')}
                </button>
              )}
              {page.next_cursor !== null && (
                <button type="button" class="button small" onClick={() => setQuery({ cursor: page.next_cursor })}>
                  {t('older')}
                </button>
              )}
            </div>
          </>
        )}
      </QueryView>
    </section>
  );
}
