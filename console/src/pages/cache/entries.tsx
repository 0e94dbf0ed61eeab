import type { CacheEntry } from '../../api/types.ts';
import { type QueryState, useQuery } from '../../api/use-query.ts';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { DataTable } from '../../parts/lists/data-table.tsx';
import { Pager } from '../../parts/lists/pager.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Time } from '../../parts/time.tsx';
import { cacheMessages } from './messages.ts';

interface EntryPage {
  readonly entries: readonly CacheEntry[];
  readonly next_cursor: string | null;
}

export function useEntries(cursor: string | null): QueryState<EntryPage> {
  return useQuery(`cache-entries:${cursor}`, (api, signal) =>
    api.get<EntryPage>('/cache/entries', { limit: 50, cursor }, signal),
  );
}

/** The latest cached answers, newest first. */
export function Entries({ query, cursor }: { query: QueryState<EntryPage>; cursor: string | null }) {
  const t = useMessages(cacheMessages);
  const formats = useFormats();
  return (
    <section class="panel" aria-label={t('latest')}>
      <h2>{t('latest')}</h2>
      <QueryView query={query}>
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
            <Pager cursor={cursor} next={page.next_cursor} />
          </>
        )}
      </QueryView>
    </section>
  );
}
