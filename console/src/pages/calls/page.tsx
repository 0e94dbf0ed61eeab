import { useRef } from 'preact/hooks';
import { ApiError } from '../../api/client.ts';
import type { CallLog, Limits, LogPage } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { go, hrefOf, setQuery, usePlace } from '../../app/location.tsx';
import { appMessages } from '../../app/messages.ts';
import { useApi, useSession } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code, CopyButton } from '../../parts/copy-button.tsx';
import { useFaultText } from '../../parts/fault.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { curlOf } from '../../parts/forms/curl.ts';
import { type Column, DataTable } from '../../parts/lists/data-table.tsx';
import { NothingMatches } from '../../parts/lists/filter-pills.tsx';
import { LiveLine } from '../../parts/lists/live-line.tsx';
import { Pager } from '../../parts/lists/pager.tsx';
import { PageHeader } from '../../parts/page-header.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { useServerText } from '../../parts/server-text.ts';
import { Status } from '../../parts/status.tsx';
import { Time } from '../../parts/time.tsx';
import { useToast } from '../../parts/toast.tsx';
import { useHeld, useHold } from '../../parts/use-held.ts';
import { useCallPills } from './call-pills.ts';
import { CallSheet } from './call-sheet.tsx';
import { CompareBar, useCompared } from './compare-bar.tsx';
import { FilterBar } from './filter-bar.tsx';
import { apiFilter, filterKey, frozenAddress, typedNames } from './filters.ts';
import { Histogram } from './histogram.tsx';
import { listMessages } from './list-messages.ts';
import { callsMessages } from './messages.ts';
import { useStartView } from './saved-views.tsx';

const pageSize = 100;
const liveMs = 2_000;

export function Page() {
  const t = useMessages(callsMessages);
  const app = useMessages(appMessages);
  useStartView();
  const { query, path } = usePlace();
  const openId = path.startsWith('/calls/') ? decodeURIComponent(path.slice('/calls/'.length)) : null;
  const limits = useQuery('limits', (api, signal) => api.get<Limits>('/rate-limits', {}, signal));
  const services = limits.data?.services.map(({ service_name }) => service_name) ?? [];
  const search = query.toString();
  const shownAt = useRef<string | null>(null);
  return (
    <>
      <PageHeader title={app('calls')}>
        <LiveButton />
        <CopyButton
          text={() => frozenAddress(query, shownAt.current === null ? Date.now() : Date.parse(shownAt.current))}
          label={t('copyLink')}
        />
        <ExportLink />
      </PageHeader>
      <div class="stack">
        <FilterBar key={typedNames.map((name) => query.get(name)).join(' ')} services={services} />
        <Histogram />
        <CallList openId={openId} shownAt={shownAt} />
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

interface CallListProps {
  readonly openId: string | null;
  /** Called with the time of the request whose answer is shown. */
  readonly shownAt: { current: string | null };
}

function CallList({ openId, shownAt }: CallListProps) {
  const t = useMessages(callsMessages);
  const { query } = usePlace();
  const { tenant = '' } = useSession();
  const cursor = query.get('cursor');
  const isLive = query.get('live') === '1' && cursor === null;
  const question = `logs:${filterKey(query)}:${cursor ?? ''}`;
  const answer = useQuery(
    question,
    async (api, signal) => ({
      question,
      askedAt: new Date().toISOString(),
      ...(await api.get<LogPage>('/logs', { ...apiFilter(query), limit: pageSize, cursor }, signal)),
    }),
    isLive ? { refreshMs: liveMs } : {},
  );
  const area = useRef<HTMLDivElement>(null);
  const hold = useHold(area, openId !== null);
  const latest = answer.data;
  const [page, release] = useHeld(latest, isLive && hold !== null, latest?.question);
  shownAt.current = page?.askedAt ?? null;
  const heldIds = new Set(page?.logs.map(({ id }) => id));
  const waiting = latest?.logs.filter(({ id }) => !heldIds.has(id)).length ?? 0;
  const compared = useCompared();
  const { pills, clear } = useCallPills();
  const columns = useCallColumns(compared);
  const search = query.toString();
  return (
    <section class="panel" aria-label={t('list')}>
      {isLive && (
        <LiveLine
          hold={hold}
          hasFailed={answer.error !== null}
          waiting={waiting}
          words={(count) => t('newCalls', { count })}
          onRelease={release}
        />
      )}
      <CompareBar compared={compared} />
      <div ref={area}>
        <QueryView query={{ ...answer, data: page }}>
          {({ logs, next_cursor }) => (
            <>
              <DataTable
                isTwoLines
                caption={t('list')}
                columns={columns}
                rows={logs}
                keyOf={(log) => log.id}
                selectedKey={logs.find((log) => idOfCall(log) === openId)?.id ?? null}
                hrefOf={(log) =>
                  `${hrefOf(`/calls/${encodeURIComponent(idOfCall(log))}`)}${search === '' ? '' : `?${search}`}`
                }
                empty={
                  pills.length > 0 ? (
                    <NothingMatches text={t('nothingMatches')} pills={pills} onClear={clear} />
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
              <Pager cursor={cursor} next={next_cursor} changes={{ live: null }}>
                <span class="muted">{t('shown', { count: logs.length })}</span>
              </Pager>
            </>
          )}
        </QueryView>
      </div>
    </section>
  );
}

function useCallColumns(compared: ReturnType<typeof useCompared>): readonly Column<CallLog>[] {
  const t = useMessages(callsMessages);
  const list = useMessages(listMessages);
  const formats = useFormats();
  const { ofCall } = useServerText();
  return [
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
            <Foreign text={ofCall(log.error_code, log.error_message)} />
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
}

/** A health probe belongs to no request, so it is found by its own id. */
function idOfCall(log: CallLog): string {
  return log.request_id ?? `log:${log.id}`;
}

/** The export needs the tenant header, which a plain link cannot send. */
function ExportLink() {
  const t = useMessages(callsMessages);
  const api = useApi();
  const say = useToast();
  const textOf = useFaultText({ retries: false });
  const download = async (event: Event): Promise<void> => {
    event.preventDefault();
    const { downloadExport } = await import('./export.ts');
    try {
      await downloadExport(api, new URLSearchParams(window.location.search));
    } catch (thrown) {
      say(t('exportFailed', { reason: thrown instanceof ApiError ? textOf(thrown) : String(thrown) }));
    }
  };
  return (
    <a class="button small" href="/api/v1/logs/export" onClick={(event) => void download(event)}>
      {t('export')}
    </a>
  );
}
