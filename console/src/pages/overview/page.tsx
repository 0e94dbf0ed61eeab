import { useQuery } from '../../api/use-query.ts';
import { everyService } from '../../api/whole-lists.ts';
import { hrefOf, setQuery, usePlace } from '../../app/location.tsx';
import { appMessages } from '../../app/messages.ts';
import { useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { callsCounted, errorsCounted, latenciesCounted } from '../../parts/charts/counted-calls.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { PageHeader } from '../../parts/page-header.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { ServiceNumbers, useServiceNumbers } from '../../parts/service-numbers.tsx';
import { Status, StatusIcon } from '../../parts/status.tsx';
import { Choice } from '../../parts/tabs.tsx';
import { ChangedLately, useChanges } from './changes.tsx';
import { Charts } from './charts.tsx';
import { overviewMessages } from './messages.ts';
import { Problems } from './problems.tsx';
import { readTimeline, type Span, spans, type Timeline, totalsOf } from './series.ts';

const refreshMs = 10_000;

export function Page() {
  const t = useMessages(overviewMessages);
  const app = useMessages(appMessages);
  const { query } = usePlace();
  const span = spans.find(({ key }) => key === query.get('range')) ?? (spans[0] as Span);
  const changes = useChanges();
  const answer = useQuery(
    `series:${span.key}`,
    async (api, signal) => ({ timeline: await readTimeline(api, span, signal), span }),
    { refreshMs },
  );
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
        <QueryView query={answer}>
          {(shown) => (
            <>
              <Tiles {...shown} />
              <Charts timeline={shown.timeline} changedAt={changes?.map(({ changed_at }) => changed_at)} />
            </>
          )}
        </QueryView>
        <Chain />
        <ChangedLately changes={changes} />
      </div>
    </>
  );
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly href: string;
  readonly isBad?: boolean;
  /** Compared with the span before; null if there is nothing to compare with. */
  readonly change: string | null;
}

function Tiles({ timeline: { values, before, fromIso, toIso }, span }: { timeline: Timeline; span: Span }) {
  const t = useMessages(overviewMessages);
  const formats = useFormats();
  const now = totalsOf(values);
  const was = totalsOf(before);
  const grown = (member: 'calls' | 'p95Ms' | 'cost' | 'saved' | 'webhooks'): string | null => {
    const [from, to] = [was[member], now[member]];
    return from === null || to === null || from === 0 ? null : formats.change(to / from - 1);
  };
  const moved = (member: 'errorShare' | 'hitRate'): string | null => {
    const [from, to] = [was[member], now[member]];
    return from === null || to === null ? null : t('points', { change: formats.signed((to - from) * 100) });
  };
  const range = { from: fromIso, to: toIso };
  const tiles: readonly TileProps[] = [
    {
      name: t('calls'),
      value: formats.compact(now.calls),
      href: hrefOf('/calls', { ...callsCounted, ...range }),
      change: grown('calls'),
    },
    {
      name: t('errorShare'),
      value: now.errorShare === null ? '–' : formats.percent(now.errorShare),
      href: hrefOf('/calls', { ...errorsCounted, ...range }),
      isBad: (now.errorShare ?? 0) >= 0.05,
      change: moved('errorShare'),
    },
    {
      name: t('slowest'),
      value: now.p95Ms === null ? '–' : formats.duration(now.p95Ms),
      href: hrefOf('/calls', { min_duration_ms: 1_000, ...latenciesCounted, ...range }),
      change: grown('p95Ms'),
    },
    {
      name: t('hitRate'),
      value: now.hitRate === null ? '–' : formats.percent(now.hitRate),
      href: hrefOf('/cache'),
      change: moved('hitRate'),
    },
    { name: t('cost'), value: formats.usd(now.cost), href: hrefOf('/costs'), change: grown('cost') },
    { name: t('savedByCache'), value: formats.usd(now.saved), href: hrefOf('/costs'), change: grown('saved') },
    {
      name: t('webhooks'),
      value: formats.compact(now.webhooks),
      href: hrefOf('/webhooks'),
      change: grown('webhooks'),
    },
  ];
  return (
    <section aria-label={t('ofRange', { range: t(span.key) })}>
      <ul class="tiles">
        {tiles.map((tile) => (
          <li key={tile.name}>
            <Tile {...tile} />
          </li>
        ))}
      </ul>
      <p class="hint">{t('compared', { range: t(span.key) })}</p>
    </section>
  );
}

function Tile({ name, value, href, isBad, change }: TileProps) {
  const t = useMessages(overviewMessages);
  return (
    <a class={`tile ${isBad === true ? 'tile-bad' : ''}`} href={href}>
      <span class="tile-name">{name}</span>
      <span class="tile-value">
        {isBad === true && <StatusIcon tone="bad" />}
        {value}
      </span>
      <span class="tile-span">{change ?? t('nothingBefore')}</span>
    </a>
  );
}

function Chain() {
  const t = useMessages(overviewMessages);
  const isAdmin = useIsAdmin();
  const numbers = useServiceNumbers();
  const query = useQuery(isAdmin ? 'services' : null, everyService, { refreshMs: 30_000 });
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
                    <ServiceNumbers name={service.service_name} numbers={numbers} />
                  </li>
                ))}
            </ul>
          )
        }
      </QueryView>
    </section>
  );
}
