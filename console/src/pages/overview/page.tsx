import type { ServiceList } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { go, hrefOf, setQuery, usePlace } from '../../app/location.tsx';
import { appMessages } from '../../app/messages.ts';
import { useIsAdmin, useSession } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Chart } from '../../parts/chart.tsx';
import { Code } from '../../parts/copy-button.tsx';
import { curlOf } from '../../parts/curl.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { PageHeader } from '../../parts/page-header.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Status } from '../../parts/status.tsx';
import { Choice } from '../../parts/tabs.tsx';
import { Ago } from '../../parts/time.tsx';
import { overviewMessages } from './messages.ts';
import { Problems } from './problems.tsx';
import { readTimeline, type Span, spans, sum, type Timeline } from './series.ts';

const refreshMs = 10_000;

export function Page() {
  const t = useMessages(overviewMessages);
  const app = useMessages(appMessages);
  const { query } = usePlace();
  const span = spans.find(({ key }) => key === query.get('range')) ?? (spans[0] as Span);
  const timeline = useQuery(`series:${span.key}`, (api, signal) => readTimeline(api, span, signal), { refreshMs });
  return (
    <>
      <PageHeader title={app('overview')}>
        <Choice
          label={t('range')}
          value={span.key}
          options={spans.map(({ key }) => ({ value: key, name: t(key) }))}
          onChange={(key) => setQuery({ range: key === 'hour' ? null : key })}
        />
      </PageHeader>
      <div class="stack">
        <Problems />
        <QueryView query={timeline}>
          {(data) => (
            <>
              <Tiles timeline={data} span={span} />
              <Charts timeline={data} />
            </>
          )}
        </QueryView>
        <Chain />
      </div>
    </>
  );
}

function Tiles({ timeline: { values, fromIso, toIso }, span }: { timeline: Timeline; span: Span }) {
  const t = useMessages(overviewMessages);
  const formats = useFormats();
  const calls = sum(values.calls);
  const errors = sum(values.errors);
  const hits = sum(values.cache_hits);
  const asked = hits + sum(values.cache_misses);
  const slowest = values.latency_p95.filter((value) => value !== null);
  const tiles = [
    { name: t('calls'), value: formats.compact(calls), href: hrefOf('/calls', { from: fromIso, to: toIso }) },
    {
      name: t('errorShare'),
      value: calls === 0 ? '–' : formats.percent(errors / calls),
      href: hrefOf('/calls', { status: 'error', from: fromIso, to: toIso }),
      isBad: calls > 0 && errors / calls >= 0.05,
    },
    {
      name: t('p95'),
      value: slowest.length === 0 ? '–' : formats.duration(Math.max(...slowest)),
      href: hrefOf('/calls', { min_duration_ms: 1_000, from: fromIso, to: toIso }),
    },
    { name: t('hitRate'), value: asked === 0 ? '–' : formats.percent(hits / asked), href: hrefOf('/cache') },
    { name: t('cost'), value: formats.usd(sum(values.cost)), href: hrefOf('/costs') },
    { name: t('savedByCache'), value: formats.usd(sum(values.saved)), href: hrefOf('/costs') },
    { name: t('webhooks'), value: formats.compact(sum(values.webhooks)), href: hrefOf('/webhooks') },
  ];
  return (
    <ul class="tiles">
      {tiles.map(({ name, value, href, isBad }) => (
        <li key={name}>
          <a class={`tile ${isBad === true ? 'tile-bad' : ''}`} href={href}>
            <span class="tile-name">{name}</span>
            <span class="tile-value">{value}</span>
            <span class="tile-span">{t('ofRange', { range: t(span.key) })}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function Charts({ timeline: { times, values } }: { timeline: Timeline }) {
  const t = useMessages(overviewMessages);
  const formats = useFormats();
  const { tenant = '' } = useSession();
  const onRange = (fromMs: number, toMs: number): void =>
    go(hrefOf('/calls', { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }));
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
  const barSeconds = (times[1] ?? 0) - (times[0] ?? 0);
  return (
    <section class="chart-grid" aria-label={t('charts')}>
      <div class="panel">
        <Chart
          title={t('calls')}
          times={times}
          barSeconds={barSeconds}
          format={count}
          onRange={onRange}
          series={[{ name: t('calls'), values: values.calls, color: 0, isBars: true }]}
        />
      </div>
      <div class="panel">
        <Chart
          title={t('errors')}
          times={times}
          barSeconds={barSeconds}
          format={count}
          onRange={onRange}
          series={[{ name: t('errors'), values: values.errors, color: 'bad', isBars: true }]}
        />
      </div>
      <div class="panel">
        <Chart
          title={t('latency')}
          times={times}
          barSeconds={barSeconds}
          format={formats.duration}
          onRange={onRange}
          series={[
            { name: t('p50'), values: values.latency_p50, color: 0 },
            { name: t('p95'), values: values.latency_p95, color: 1, isDashed: true },
          ]}
        />
      </div>
      <div class="panel">
        <Chart
          title={t('cache')}
          times={times}
          barSeconds={barSeconds}
          format={count}
          series={[
            { name: t('hits'), values: values.cache_hits, color: 2 },
            { name: t('misses'), values: values.cache_misses, color: 1, isDashed: true },
          ]}
        />
      </div>
      <div class="panel">
        <Chart
          title={t('cost')}
          times={times}
          barSeconds={barSeconds}
          format={formats.usd}
          series={[
            { name: t('spent'), values: values.cost, color: 0 },
            { name: t('saved'), values: values.saved, color: 2, isDashed: true },
          ]}
        />
      </div>
      <div class="panel">
        <Chart
          title={t('webhooks')}
          times={times}
          barSeconds={barSeconds}
          format={count}
          series={[{ name: t('received'), values: values.webhooks, color: 0, isBars: true }]}
        />
      </div>
    </section>
  );
}

function Chain() {
  const t = useMessages(overviewMessages);
  const isAdmin = useIsAdmin();
  const query = useQuery(
    isAdmin ? 'services' : null,
    (api, signal) => api.get<ServiceList>('/services', { limit: 200 }, signal),
    { refreshMs: 30_000 },
  );
  if (!isAdmin) return null;
  return (
    <section class="panel">
      <h2>{t('services')}</h2>
      <QueryView query={query}>
        {({ services }) =>
          services.length === 0 ? (
            <p class="empty">{t('noServices')}</p>
          ) : (
            <ul class="chain">
              {[...services]
                .sort((a, b) => a.service_type.localeCompare(b.service_type) || a.priority - b.priority)
                .map((service) => (
                  <li key={service.id}>
                    <a href={hrefOf(`/services/${service.id}`)}>
                      <Foreign text={service.display_name} />
                    </a>
                    <Status status={service.is_active ? service.health_status : 'off'} />
                    <span class="muted">
                      {t('lastCheck')} <Ago iso={service.last_health_check} />
                    </span>
                  </li>
                ))}
            </ul>
          )
        }
      </QueryView>
    </section>
  );
}
