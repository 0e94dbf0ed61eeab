import { useEffect, useRef, useState } from 'preact/hooks';
import type { CallLog, Limits, LogPage } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { go, hrefOf, setQuery, usePlace } from '../../app/location.tsx';
import { appMessages } from '../../app/messages.ts';
import { useSession } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code, CopyButton } from '../../parts/copy-button.tsx';
import { curlOf } from '../../parts/curl.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { PageHeader } from '../../parts/page-header.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Status } from '../../parts/status.tsx';
import { Time } from '../../parts/time.tsx';
import { CallSheet } from './call-sheet.tsx';
import { CompareBar, useCompared } from './compare-bar.tsx';
import { FilterBar } from './filter-bar.tsx';
import { apiFilter, filterKey, filterNames, frozenAddress } from './filters.ts';
import { Histogram } from './histogram.tsx';
import { listMessages } from './list-messages.ts';
import { callsMessages } from './messages.ts';
import { useStartView } from './saved-views.tsx';

const pageSize = 100;
const liveMs = 2_000;
const mostCounted = 99;
/** Further down than this, the reader is at work: new rows wait. */
const topPx = 200;

export function Page() {
  const t = useMessages(callsMessages);
  const app = useMessages(appMessages);
  useStartView();
  const { query, path } = usePlace();
  const openId = path.startsWith('/calls/') ? decodeURIComponent(path.slice('/calls/'.length)) : null;
  const limits = useQuery('limits', (api, signal) => api.get<Limits>('/rate-limits', {}, signal));
  const services = limits.data?.services.map(({ service_name }) => service_name) ?? [];
  const search = query.toString();
  return (
    <>
      <PageHeader title={app('calls')}>
        <LiveButton />
        <CopyButton text={frozenAddress(query)} label={t('copyLink')} />
        <a class="button small" href={`/api/v1/logs/export`} onClick={(event) => void exportLogs(event)}>
          {t('export')}
        </a>
      </PageHeader>
      <div class="stack">
        <FilterBar key={`${query.get('request_id')} ${query.get('principal')}`} services={services} />
        <Histogram />
        <CallList key={filterKey(query)} openId={openId} />
      </div>
      {openId !== null && (
        <CallSheet
          key={openId}
          id={openId}
          onClose={() => go(`${hrefOf('/calls')}${search === '' ? '' : `?${search}`}`)}
        />
      )}
    </>
  );
}

function LiveButton() {
  const t = useMessages(callsMessages);
  const { query } = usePlace();
  const isLive = query.get('live') === '1';
  return (
    <button
      type="button"
      class="button small"
      aria-pressed={isLive}
      onClick={() => setQuery({ live: isLive ? null : '1', cursor: null })}
    >
      {isLive ? t('live') : t('liveOff')}
    </button>
  );
}

function CallList({ openId }: { openId: string | null }) {
  const t = useMessages(callsMessages);
  const formats = useFormats();
  const { query } = usePlace();
  const { tenant = '' } = useSession();
  const cursor = query.get('cursor');
  const isLive = query.get('live') === '1' && cursor === null;
  const hidesProbes = query.get('hide_probes') !== null;
  const answer = useQuery(
    `logs:${filterKey(query)}:${cursor ?? ''}`,
    (api, signal) => api.get<LogPage>('/logs', { ...apiFilter(query), limit: pageSize, cursor }, signal),
    isLive ? { refreshMs: liveMs } : {},
  );
  // While the reader is at work the rows stay where they are, and those that came are counted.
  const [held, setHeld] = useState<LogPage | null>(null);
  const isAtWork = useIsAtWork(openId !== null);
  const latest = answer.data;
  const before = useRef<LogPage | null>(null);
  useEffect(() => {
    if (!isLive || !isAtWork) setHeld(null);
    else setHeld((own) => own ?? before.current ?? latest);
  }, [isLive, isAtWork, latest]);
  useEffect(() => {
    before.current = latest;
  }, [latest]);
  const page = held ?? latest;
  const heldIds = new Set(held?.logs.map(({ id }) => id));
  const waiting = held === null || latest === null ? 0 : latest.logs.filter(({ id }) => !heldIds.has(id)).length;
  const compared = useCompared();
  const list = useMessages(listMessages);
  const hasFilters = filterNames.some((name) => query.has(name));

  const columns: readonly Column<CallLog>[] = [
    { name: t('time'), cell: (log) => <Time iso={log.started_at} /> },
    { name: t('service'), cell: (log) => <Foreign text={log.service_name} /> },
    { name: t('operation'), cell: (log) => <Foreign text={log.operation} /> },
    { name: t('status'), cell: (log) => <Status status={log.status} /> },
    {
      name: t('duration'),
      isNumber: true,
      cell: (log) => (log.duration_ms === null ? '–' : formats.duration(log.duration_ms)),
    },
    { name: t('code'), isNumber: true, isExtra: true, cell: (log) => log.response_status_code ?? '–' },
    {
      name: t('retries'),
      isNumber: true,
      isExtra: true,
      cell: (log) => (log.retry_count === 0 ? '' : formats.number(log.retry_count)),
    },
    {
      name: t('cost'),
      isNumber: true,
      isExtra: true,
      cell: (log) => (log.estimated_cost === 0 ? '' : formats.usd(log.estimated_cost)),
    },
    { name: t('by'), isExtra: true, cell: (log) => <Foreign text={log.source_service} /> },
    {
      name: t('error'),
      isExtra: true,
      cell: (log) =>
        log.error_message === null ? (
          ''
        ) : (
          <span class="cut">
            <Foreign text={log.error_message} />
          </span>
        ),
    },
    {
      name: list('compare'),
      isExtra: true,
      cell: (log) => (
        <input
          type="checkbox"
          aria-label={list('chooseRow', { time: formats.time(log.started_at) })}
          checked={compared.ids.includes(idOfCall(log))}
          onChange={() => compared.toggle(idOfCall(log))}
        />
      ),
    },
  ];
  const search = query.toString();
  return (
    <section class="panel" aria-label={t('list')}>
      {query.get('live') === '1' && (
        <p class="live-line" role="status">
          {isAtWork ? t('livePaused') : t('liveOn')}
          {waiting > 0 && (
            <button
              type="button"
              class="button small"
              onClick={() => {
                setHeld(null);
                window.scrollTo(0, 0);
              }}
            >
              {t('newCalls', { count: Math.min(waiting, mostCounted) })}
              {waiting > mostCounted ? '+' : ''}
            </button>
          )}
        </p>
      )}
      <CompareBar compared={compared} />
      <QueryView query={{ ...answer, data: page }}>
        {({ logs, next_cursor }) => {
          const rows = hidesProbes ? logs.filter(({ operation }) => operation !== 'health_check') : logs;
          return (
            <>
              <DataTable
                isTwoLines
                caption={t('list')}
                columns={columns}
                rows={rows}
                keyOf={(log) => log.id}
                selectedKey={rows.find((log) => idOfCall(log) === openId)?.id ?? null}
                hrefOf={(log) =>
                  `${hrefOf(`/calls/${encodeURIComponent(idOfCall(log))}`)}${search === '' ? '' : `?${search}`}`
                }
                empty={
                  hasFilters ? (
                    <>
                      <p>{t('nothingMatches')}</p>
                      <button
                        type="button"
                        class="button"
                        onClick={() =>
                          setQuery(Object.fromEntries([...filterNames, 'view', 'cursor'].map((name) => [name, null])))
                        }
                      >
                        {t('clear')}
                      </button>
                    </>
                  ) : (
                    <>
                      <p>{t('nothingYet')}</p>
                      <Code
                        label={t('curl')}
                        text={curlOf('POST', '/geocoding/geocode', tenant, { address: 'Ташкент, улица Навои, 5' })}
                      />
                    </>
                  )
                }
              />
              <div class="table-foot">
                <span class="muted">{t('shown', { count: rows.length })}</span>
                {cursor !== null && (
                  <button type="button" class="button small" onClick={() => setQuery({ cursor: null })}>
                    {t('newest')}
                  </button>
                )}
                {next_cursor !== null && (
                  <button
                    type="button"
                    class="button small"
                    onClick={() => setQuery({ cursor: next_cursor, live: null })}
                  >
                    {t('older')}
                  </button>
                )}
              </div>
            </>
          );
        }}
      </QueryView>
    </section>
  );
}

/** A probe of health belongs to no request: it is found by its own id. */
function idOfCall(log: CallLog): string {
  return log.request_id ?? `log:${log.id}`;
}

function useIsAtWork(isOpen: boolean): boolean {
  const [isScrolled, setScrolled] = useState(false);
  useEffect(() => {
    const onScroll = (): void => setScrolled(window.scrollY > topPx);
    window.addEventListener('scroll', onScroll, { passive: true });
    return () => window.removeEventListener('scroll', onScroll);
  }, []);
  return isOpen || isScrolled;
}

/** The export needs the tenant header, which a plain link cannot send. */
async function exportLogs(event: Event): Promise<void> {
  event.preventDefault();
  const { downloadExport } = await import('./export.ts');
  await downloadExport(new URLSearchParams(window.location.search));
}
