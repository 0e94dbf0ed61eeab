/** All of one call: the answer and its reason, every provider asked, its requests and replies. */
import { useState } from 'preact/hooks';
import type { Api } from '../../api/client.ts';
import type { CallLog, LogPage } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { hrefOf, setQuery, usePlace } from '../../app/location.tsx';
import { useApi, useSession } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code, CopyButton } from '../../parts/copy-button.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { curlOf } from '../../parts/forms/curl.ts';
import { FormFault, TextField, useSending } from '../../parts/forms/form.tsx';
import { BodyView } from '../../parts/json-view.tsx';
import { RowSheet } from '../../parts/lists/row-sheet.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { useServerText } from '../../parts/server-text.ts';
import { Status, useStatusName } from '../../parts/status.tsx';
import { Time } from '../../parts/time.tsx';
import { againHref } from './ask-again.ts';
import { callsMessages } from './messages.ts';
import { Story } from './story.tsx';
import { Timeline } from './timeline.tsx';

export function CallSheet({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useMessages(callsMessages);
  const { query } = usePlace();
  const other = query.get('compare');
  const shownId = id.replace(/^log:/, '');
  return (
    <RowSheet title={t('call', { id: shownId })} isWide={other !== null} onClose={onClose}>
      <CallStory id={id} otherId={other} />
      {other !== null && (
        <section aria-label={t('comparison')} class="stack">
          <h2>{t('call', { id: other })}</h2>
          <CallStory id={other} otherId={id} />
        </section>
      )}
      <CompareForm />
    </RowSheet>
  );
}

function CompareForm() {
  const t = useMessages(callsMessages);
  const { query } = usePlace();
  const [other, setOther] = useState(query.get('compare') ?? '');
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        setQuery({ compare: other.trim() });
      }}
    >
      <TextField label={t('compare')} hint={t('compareHint')} value={other} onInput={setOther} />
      <button type="submit" class="button">
        {t('compareGo')}
      </button>
    </form>
  );
}

/** Most calls have one or two rows; a bulk call may have thousands, and each is loaded with its bodies. */
const pageSize = 50;

interface Rows {
  /** In the order of the attempts, each with headers and bodies. */
  readonly logs: readonly CallLog[];
  /** The cursor of earlier rows; null: these are all. */
  readonly next: string | null;
  /** The total number of rows, as far as it is counted. */
  readonly total: number;
  readonly isMore: boolean;
}

/** The latest rows of a call, or those before `cursor`. */
async function readRows(api: Api, id: string, cursor: string | null, signal?: AbortSignal): Promise<Rows> {
  const whole = (logId: string): Promise<CallLog> => api.get<CallLog>(`/logs/${logId}`, {}, signal);
  if (id.startsWith('log:')) {
    return { logs: [await whole(id.slice('log:'.length))], next: null, total: 1, isMore: false };
  }
  const asked = { request_id: id, limit: pageSize, cursor, with_total: true };
  const { logs, next_cursor, total = logs.length, total_is_capped } = await api.get<LogPage>('/logs', asked, signal);
  const read = await Promise.all(logs.map((log) => whole(log.id)));
  return {
    logs: read.sort((a, b) => a.started_at.localeCompare(b.started_at) || a.attempt - b.attempt),
    next: next_cursor,
    total,
    isMore: total_is_capped === true,
  };
}

function CallStory({ id, otherId }: { id: string; otherId: string | null }) {
  const t = useMessages(callsMessages);
  const api = useApi();
  const { tenant = '' } = useSession();
  const latest = useQuery(`call:${id}`, (asked, signal) => readRows(asked, id, null, signal));
  const [earlier, setEarlier] = useState<Pick<Rows, 'logs' | 'next'> | null>(null);
  const sending = useSending();
  const readEarlier = (cursor: string): void =>
    void sending.run(async () => {
      const { logs, next } = await readRows(api, id, cursor);
      setEarlier({ logs: [...logs, ...(earlier?.logs ?? [])], next });
    });
  return (
    <QueryView query={latest}>
      {(rows) => {
        const logs = [...(earlier?.logs ?? []), ...rows.logs];
        const next = earlier === null ? rows.next : earlier.next;
        return (
          <div class="stack">
            {logs.length > 0 && <Summary logs={logs} />}
            {id.startsWith('log:') && <Timeline logs={logs} />}
            <Story id={id} otherId={otherId} hasLogs={logs.length > 0} />
            <FormFault error={sending.error} />
            {next !== null && (
              <div class="notice actions">
                <span>
                  {t(rows.isMore ? 'moreRowsThan' : 'moreRows', {
                    count: Math.max(1, rows.total - logs.length),
                    shown: logs.length,
                  })}
                </span>
                <button
                  type="button"
                  class="button small"
                  aria-disabled={sending.isSending}
                  onClick={() => readEarlier(next)}
                >
                  {t('readEarlier')}
                </button>
                <a href={hrefOf('/calls', { request_id: id })}>{t('allRows')}</a>
              </div>
            )}
            {logs.map((log) => (
              <Attempt key={log.id} log={log} isOpen={logs.length === 1 || log === logs.at(-1)} />
            ))}
            {!id.startsWith('log:') && (
              <Code
                label={t('curlTitle', { id })}
                text={curlOf('GET', `/logs?request_id=${encodeURIComponent(id)}`, tenant)}
              />
            )}
          </div>
        );
      }}
    </QueryView>
  );
}

function Summary({ logs }: { logs: readonly CallLog[] }) {
  const t = useMessages(callsMessages);
  const statusName = useStatusName();
  const { ofCall } = useServerText();
  const formats = useFormats();
  const last = logs.at(-1) as CallLog;
  const startMs = Math.min(...logs.map(({ started_at }) => Date.parse(started_at)));
  const endMs = Math.max(...logs.map((log) => Date.parse(log.started_at) + (log.duration_ms ?? 0)));
  const duration = formats.duration(endMs - startMs);
  const failed = logs.filter(({ status }) => status !== 'success').map(({ service_name }) => service_name);
  const answered = logs.find(({ status }) => status === 'success');
  const text =
    answered !== undefined
      ? t(failed.length === 0 ? 'answeredBy' : 'answeredAfter', {
          service: answered.service_name,
          operation: answered.operation,
          failed: [...new Set(failed)].join(', '),
          duration,
        })
      : logs.every(({ status }) => status === 'rate_limited')
        ? t('refused')
        : t('notAnswered', {
            operation: last.operation,
            reason: ofCall(last.error_code, last.error_message) ?? statusName(last.status),
          });
  const again = againHref(logs[0] as CallLog);
  return (
    <div class="summary">
      <p class="lead">
        <Status status={answered?.status ?? last.status} /> <Foreign text={text} />
      </p>
      <p class="actions">
        <span class="muted">
          <Time iso={new Date(startMs).toISOString()} withDate />
        </span>
        <CopyButton text={window.location.href.split('?')[0] ?? ''} label={t('copyLink')} />
        {again !== null && (
          <a class="button small" href={again}>
            {t('askAgain')}
          </a>
        )}
        {last.status === 'rate_limited' && last.request_id !== null && (
          <a class="button small" href={hrefOf('/limits', { request_id: last.request_id })}>
            {t('whyRefused')}
          </a>
        )}
      </p>
    </div>
  );
}

function Attempt({ log, isOpen }: { log: CallLog; isOpen: boolean }) {
  const t = useMessages(callsMessages);
  const { ofCall } = useServerText();
  const formats = useFormats();
  return (
    <details class="panel attempt" open={isOpen}>
      <summary>
        <span class="attempt-name">
          {t('attempt')} {log.attempt}: <Foreign text={`${log.service_name} · ${log.operation}`} />
        </span>{' '}
        <Status status={log.status} />{' '}
        <span class="muted">{log.duration_ms === null ? '' : formats.duration(log.duration_ms)}</span>
      </summary>
      <div class="stack">
        <dl class="facts">
          <dt>{t('time')}</dt>
          <dd>
            <Time iso={log.started_at} withMs />
          </dd>
          <dt>{t('endpoint')}</dt>
          <dd class="mono">
            {log.http_method} <Foreign text={log.endpoint} />
          </dd>
          <dt>{t('code')}</dt>
          <dd>{log.response_status_code ?? '–'}</dd>
          <dt>{t('retries')}</dt>
          <dd>{formats.number(log.retry_count)}</dd>
          <dt>{t('cost')}</dt>
          <dd>{formats.usd(log.estimated_cost)}</dd>
          <dt>{t('by')}</dt>
          <dd>
            <Foreign text={log.source_service} />
          </dd>
          <dt>{t('principal')}</dt>
          <dd>
            <Foreign text={log.principal} />
          </dd>
          {log.error_message !== null && (
            <>
              <dt>{t('error')}</dt>
              <dd>
                <code>{log.error_code}</code> <Foreign text={ofCall(log.error_code, log.error_message)} />
              </dd>
            </>
          )}
        </dl>
        <h3>{t('request')}</h3>
        <BodyView value={log.request_headers} label={t('headers')} hasName />
        <BodyView value={log.request_body} label={t('body')} hasName />
        <h3>{t('reply')}</h3>
        <BodyView value={log.response_body} label={t('body')} hasName />
        <p class="muted">{t('masked')}</p>
      </div>
    </details>
  );
}
