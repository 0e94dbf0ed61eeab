import { useState } from 'preact/hooks';
import type { Explanation, LimitPreview, Limits } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { everyService } from '../../api/whole-lists.ts';
import { setQuery, usePlace } from '../../app/location.tsx';
import { appMessages } from '../../app/messages.ts';
import { useApi, useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Fault } from '../../parts/fault.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { FormFault, SelectField, TextField, useSending } from '../../parts/forms/form.tsx';
import { DataTable } from '../../parts/lists/data-table.tsx';
import { WindowTable, windowMessages } from '../../parts/lists/window-table.tsx';
import { partsMessages } from '../../parts/messages.ts';
import { PageHeader } from '../../parts/page-header.tsx';
import { Answer, QueryView } from '../../parts/query-view.tsx';
import { limitsMessages } from './messages.ts';

type Spender = Explanation['spent_by'][number];

const refreshMs = 3_000;

export function Page() {
  const t = useMessages(limitsMessages);
  const app = useMessages(appMessages);
  const isAdmin = useIsAdmin();
  const query = useQuery('limits', (api, signal) => api.get<Limits>('/rate-limits', {}, signal), { refreshMs });
  return (
    <>
      <PageHeader title={app('limits')} />
      <div class="stack">
        <WhyRefused />
        <QueryView query={query}>
          {({ families, services }) => (
            <>
              <section class="panel" aria-label={t('families')}>
                <h2>{t('families')}</h2>
                <WindowTable
                  caption={t('families')}
                  empty={t('none')}
                  rows={families.flatMap(({ family, windows }) => windows.map((window) => ({ name: family, window })))}
                />
              </section>
              <section class="panel" aria-label={t('services')}>
                <h2>{t('services')}</h2>
                <WindowTable
                  caption={t('services')}
                  empty={t('none')}
                  rows={services.flatMap(({ service_name, windows }) =>
                    windows.map((window) => ({ name: service_name, window })),
                  )}
                />
              </section>
            </>
          )}
        </QueryView>
        {isAdmin && <Preview />}
      </div>
    </>
  );
}

function WhyRefused() {
  const t = useMessages(limitsMessages);
  const windows = useMessages(windowMessages);
  const formats = useFormats();
  const { query } = usePlace();
  const asked = query.get('request_id') ?? '';
  const [id, setId] = useState(asked);
  const answer = useQuery(asked === '' ? null : `explain:${asked}`, (api, signal) =>
    api.get<Explanation>('/rate-limits/explain', { request_id: asked }, signal),
  );
  const found = answer.data;
  const spent = (found?.spent_by ?? []).reduce((sum, { requests }) => sum + requests, 0);
  return (
    <section class="panel" aria-label={t('why')}>
      <h2>{t('why')}</h2>
      <form
        class="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          setQuery({ request_id: id.trim() });
          answer.reload();
        }}
      >
        <TextField label={t('requestId')} value={id} onInput={setId} type="search" />
        <button type="submit" class="button primary">
          {t('explain')}
        </button>
      </form>
      {asked !== '' &&
        answer.error !== null &&
        (answer.error.status === 404 ? <p class="notice spaced">{t('notFound')}</p> : <Fault error={answer.error} />)}
      {asked !== '' && answer.error === null && found !== null && (
        <Answer isOld={answer.isOld}>
          <div class="stack spaced">
            <p class="lead">
              <Foreign
                text={t(reasonOf(found.limit), {
                  name: found.limit.service_name ?? found.limit.family ?? found.limit.token ?? '–',
                  share: found.limit.replica_share?.max_requests ?? '–',
                  most: found.limit.max_requests ?? '–',
                  window:
                    found.limit.window_type in windowMessages
                      ? windows(found.limit.window_type as 'minute')
                      : found.limit.window_type,
                  time: formats.time(found.refused_at),
                })}
              />{' '}
              {found.free_at !== null && t('freeAt', { time: formats.time(found.free_at) })}
            </p>
            <h3>{t('spentBy')}</h3>
            <DataTable<Spender>
              caption={t('spentBy')}
              rows={found.spent_by}
              keyOf={({ source_service, operation }) => `${source_service} ${operation}`}
              empty="–"
              columns={[
                {
                  name: t('source'),
                  cell: ({ source_service }) => <Foreign text={source_service ?? t('unknownSource')} />,
                },
                { name: t('operation'), cell: ({ operation }) => <Foreign text={operation} /> },
                {
                  name: t('requests'),
                  cell: ({ requests }) => <Share of={requests} most={spent} text={formats.number(requests)} />,
                },
              ]}
            />
          </div>
        </Answer>
      )}
    </section>
  );
}

function reasonOf({ kind, replica_share: share }: Explanation['limit']) {
  if (kind === 'pause' || kind === 'budget') return kind;
  if (share === undefined) return 'full';
  return share.because === 'redis_returning' ? 'shareReturning' : 'share';
}

/** A bar beside the number shows the largest caller at a glance. */
function Share({ of, most, text }: { of: number; most: number; text: string }) {
  return (
    <span class="use">
      <svg class="meter" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect class="timeline-track" width="100" height="8" />
        <rect class="bar-share" width={most <= 0 ? 0 : Math.min(100, (of / most) * 100)} height="8" />
      </svg>
      <span class="tabular">{text}</span>
    </span>
  );
}

function Preview() {
  const t = useMessages(limitsMessages);
  const parts = useMessages(partsMessages);
  const api = useApi();
  const formats = useFormats();
  const services = useQuery('services', everyService);
  const [service, setService] = useState('');
  const [minute, setMinute] = useState('60');
  const [hour, setHour] = useState('');
  const [day, setDay] = useState('');
  const [hours, setHours] = useState('24');
  const [answer, setAnswer] = useState<LimitPreview | null>(null);
  const sending = useSending();
  const names = services.data?.services.map(({ service_name }) => service_name) ?? [];
  const name = service === '' ? (names[0] ?? '') : service;
  const submit = (event: Event): void => {
    event.preventDefault();
    void sending.run(async () => {
      setAnswer(null);
      const limits = Object.fromEntries(
        [['per_minute', minute] as const, ['per_hour', hour] as const, ['per_day', day] as const]
          .filter(([, text]) => text !== '')
          .map(([key, text]) => [key, Number(text)]),
      );
      setAnswer(
        await api.send<LimitPreview>('POST', '/rate-limits/preview', {
          service_name: name,
          limits,
          hours: Number(hours),
        }),
      );
    });
  };
  return (
    <section class="panel" aria-label={t('preview')}>
      <h2>{t('preview')}</h2>
      <form class="form" onInput={() => setAnswer(null)} onSubmit={submit}>
        <p class="muted">{t('previewHint')}</p>
        {sending.error?.status === 404 ? (
          <p class="notice">{parts('notAvailable')}</p>
        ) : (
          <FormFault error={sending.error} />
        )}
        <div class="form-grid">
          <SelectField
            label={t('service')}
            value={name}
            onInput={setService}
            options={names.map((value) => ({ value, name: value }))}
          />
          <TextField label={t('perMinute')} type="number" value={minute} onInput={setMinute} />
          <TextField label={t('perHour')} type="number" value={hour} onInput={setHour} />
          <TextField label={t('perDay')} type="number" value={day} onInput={setDay} />
          <TextField label={t('hours')} type="number" value={hours} onInput={setHours} />
        </div>
        <div class="actions">
          <button type="submit" class="button" aria-disabled={sending.isSending || name === ''}>
            {t('try')}
          </button>
        </div>
      </form>
      {answer !== null && (
        <div class="stack spaced" role="status">
          <p class="lead">{t('wouldRefuse', { count: answer.calls, refused: answer.refused })}</p>
          {answer.refused > 0 && (
            <DataTable
              caption={t('refusedOf')}
              rows={(answer.by_source ?? []).filter(({ refused }) => refused > 0)}
              keyOf={({ source_service }) => String(source_service)}
              empty="–"
              columns={[
                {
                  name: t('source'),
                  cell: ({ source_service }) => <Foreign text={source_service ?? t('unknownSource')} />,
                },
                {
                  name: t('refusedOf'),
                  cell: ({ refused }) => <Share of={refused} most={answer.refused} text={formats.number(refused)} />,
                },
              ]}
            />
          )}
        </div>
      )}
    </section>
  );
}
