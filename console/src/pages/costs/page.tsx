import type { CostRow, Costs } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { go, hrefOf, setQuery, usePlace } from '../../app/location.tsx';
import { appMessages } from '../../app/messages.ts';
import { useIsAdmin, useSession } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Chart } from '../../parts/charts/chart.tsx';
import { costsCounted } from '../../parts/charts/counted-calls.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { SelectField } from '../../parts/forms/form.tsx';
import { type Column, DataTable } from '../../parts/lists/data-table.tsx';
import { PageHeader } from '../../parts/page-header.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Budgets } from './budgets.tsx';
import { costsMessages } from './messages.ts';

const dayMs = 86_400_000;
const shownMonths = 12;
const groupings = ['service,operation', 'service', 'operation', 'day'] as const;
type Grouping = (typeof groupings)[number];

interface Month {
  readonly key: string;
  readonly from: string;
  readonly to: string;
}

/** The last calendar months in UTC, as costs and budgets count them. */
function lastMonths(): readonly Month[] {
  const now = new Date();
  return Array.from({ length: shownMonths }, (_, back) => {
    const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1));
    const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0));
    const to = last > now ? now : last;
    return {
      key: first.toISOString().slice(0, 7),
      from: first.toISOString().slice(0, 10),
      to: to.toISOString().slice(0, 10),
    };
  });
}

export function Page() {
  const app = useMessages(appMessages);
  const t = useMessages(costsMessages);
  const isAdmin = useIsAdmin();
  const { query } = usePlace();
  const months = lastMonths();
  const month = months.find(({ key }) => key === query.get('month')) ?? (months[0] as Month);
  const { has_every_tenant: hasEveryTenant, tenant = '' } = useSession();
  const isAll = isAdmin && hasEveryTenant === true && query.get('tenants') === 'all';
  const by = groupings.find((one) => one === query.get('by')) ?? groupings[0];
  const span = { from_date: month.from, to_date: month.to, tenants: isAll ? 'all' : null };
  const days = useQuery(
    `costs:days:${month.key}:${isAll}`,
    async (api, signal) => ({
      costs: await api.get<Costs>('/costs', { ...span, group_by: 'service,day' }, signal),
      month,
      isAll,
    }),
    { refreshMs: 30_000 },
  );
  const rows = useQuery(
    `costs:rows:${month.key}:${isAll}:${by}`,
    async (api, signal) => ({
      costs: await api.get<Costs>('/costs', { ...span, group_by: by }, signal),
      // The old rows stay until the new ones arrive, so they keep their own headings.
      by,
      month,
      isAll,
    }),
    { refreshMs: 30_000 },
  );
  return (
    <>
      <PageHeader title={app('costs')}>
        {isAdmin && hasEveryTenant === true && (
          <SelectField
            label={t('tenants')}
            value={isAll ? 'all' : ''}
            onInput={(tenants) => setQuery({ tenants })}
            options={[
              { value: '', name: t('thisTenant', { tenant }) },
              { value: 'all', name: t('everyTenant') },
            ]}
          />
        )}
        <MonthSelect months={months} value={month.key} />
      </PageHeader>
      <div class="stack">
        <QueryView query={days}>{(answer) => <Days {...answer} />}</QueryView>
        <QueryView query={rows}>{(answer) => <Rows {...answer} />}</QueryView>
        {isAdmin && isAll && <p class="hint">{t('budgetsOf', { tenant })}</p>}
        {isAdmin && (
          <Budgets services={[...new Set((rows.data?.costs.rows ?? []).flatMap(({ service }) => service ?? []))]} />
        )}
      </div>
    </>
  );
}

function MonthSelect({ months, value }: { months: readonly Month[]; value: string }) {
  const t = useMessages(costsMessages);
  return (
    <SelectField
      label={t('month')}
      value={value}
      onInput={(month) => setQuery({ month })}
      options={months.map(({ key }) => ({ value: key, name: monthName(key) }))}
    />
  );
}

function monthName(key: string): string {
  return new Intl.DateTimeFormat(document.documentElement.lang, {
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  }).format(new Date(`${key}-01T00:00:00Z`));
}

interface DaysProps {
  readonly costs: Costs;
  readonly month: Month;
  readonly isAll: boolean;
}

function Days({ costs, month, isAll }: DaysProps) {
  const t = useMessages(costsMessages);
  const formats = useFormats();
  const first = Date.parse(month.from);
  const count = Math.round((Date.parse(month.to) - first) / dayMs) + 1;
  const days = Array.from({ length: count }, (_, index) => new Date(first + index * dayMs).toISOString().slice(0, 10));
  const of = (member: 'total_cost' | 'saved_by_cache', matches: (row: CostRow) => boolean): number[] =>
    days.map((day) => costs.rows.reduce((sum, row) => sum + (row.day === day && matches(row) ? row[member] : 0), 0));
  const spenders = spendersOf(costs.rows);
  const isRest = ({ service }: CostRow): boolean => !spenders.includes(service ?? '');
  const nextMonthMs = Date.UTC(Number(month.key.slice(0, 4)), Number(month.key.slice(5, 7)), 1);
  const isRunning = Date.now() < nextMonthMs;
  const pace = (costs.total_cost / (Date.now() - first)) * (nextMonthMs - first);
  return (
    <>
      <ul class="tiles">
        {[
          [t('spent'), formats.usd(costs.total_cost)],
          [t('saved'), formats.usd(costs.saved_by_cache)],
          // A finished month needs no forecast.
          ...(isRunning ? [[t('pace'), formats.usd(pace)]] : []),
        ].map(([name, value]) => (
          <li key={name} class="tile">
            <span class="tile-name">{name}</span>
            <span class="tile-value">{value}</span>
            <span class="tile-span">{t('ofSpan', { from: formats.day(month.from), to: formats.day(month.to) })}</span>
          </li>
        ))}
      </ul>
      <section class="panel">
        <Chart
          title={t('byDay')}
          times={days.map((day) => Date.parse(day) / 1_000)}
          format={formats.usd}
          barSeconds={dayMs / 1_000}
          isStacked
          isLastFilling={isRunning}
          onRange={isAll ? undefined : openCalls}
          series={[
            ...spenders.map((name, index) => ({
              name,
              values: of('total_cost', ({ service }) => service === name),
              color: colorOf(index),
              isBars: true,
            })),
            ...(costs.rows.some((row) => isRest(row) && row.total_cost > 0)
              ? [{ name: t('rest'), values: of('total_cost', isRest), color: 'muted' as const, isBars: true }]
              : []),
            { name: t('saved'), values: of('saved_by_cache', () => true), color: 2, isBars: true, isHatched: true },
          ]}
        />
        <p class="hint">{t('utc')}</p>
      </section>
    </>
  );
}

const mostSpenders = 4;
/** The third colour is for savings. */
const colorOf = (index: number): number => (index < 2 ? index : index + 1);

/** The services with the highest cost, few enough for different colours. */
function spendersOf(rows: readonly CostRow[]): readonly string[] {
  const sums = new Map<string, number>();
  for (const { service, total_cost: cost } of rows) {
    if (service != null && cost > 0) sums.set(service, (sums.get(service) ?? 0) + cost);
  }
  return [...sums]
    .sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
    .slice(0, mostSpenders)
    .map(([name]) => name);
}

interface RowsProps {
  readonly costs: Costs;
  readonly month: Month;
  readonly by: Grouping;
  readonly isAll: boolean;
}

function Rows({ costs, month, by, isAll }: RowsProps) {
  const t = useMessages(costsMessages);
  const formats = useFormats();
  const { tenant } = useSession();
  const rows = [...costs.rows].sort(
    by === 'day'
      ? (a, b) => (b.day ?? '').localeCompare(a.day ?? '')
      : (a, b) => b.total_cost - a.total_cost || b.request_count - a.request_count,
  );
  const unpriced = costs.unpriced ?? [];
  const hasMember = (member: 'service' | 'operation' | 'day'): boolean => by.split(',').includes(member);
  const text = (name: string, value: (row: CostRow) => string | null | undefined): Column<CostRow> => ({
    name,
    cell: (row) => <Foreign text={value(row)} />,
  });
  return (
    <section class="panel" aria-label={t('rows')}>
      <div class="panel-head">
        <h2>{t('rows')}</h2>
        <SelectField
          label={t('by')}
          value={by}
          onInput={(chosen) => setQuery({ by: chosen })}
          options={groupings.map((value) => ({
            value,
            name: t(`by_${value.replace(',', '_')}` as 'by_service_operation'),
          }))}
        />
      </div>
      <DataTable<CostRow>
        caption={t('rows')}
        rows={rows}
        keyOf={({ management_company_id, service, operation, day }) =>
          `${management_company_id} ${service} ${operation} ${day}`
        }
        empty={t('none')}
        columns={[
          ...(isAll ? [text(t('tenant'), (row) => row.management_company_id)] : []),
          ...(hasMember('day') ? [{ name: t('day'), cell: ({ day }: CostRow) => formats.day(day ?? '') }] : []),
          ...(hasMember('service') ? [text(t('service'), (row) => row.service)] : []),
          ...(hasMember('operation') ? [text(t('operation'), (row) => row.operation)] : []),
          { name: t('calls'), isNumber: true, cell: ({ request_count }) => formats.number(request_count) },
          {
            name: t('cached'),
            isNumber: true,
            cell: ({ request_count, cached_count }) =>
              request_count === 0 ? '–' : formats.percent(cached_count / request_count),
          },
          { name: t('cost'), isNumber: true, cell: ({ total_cost }) => formats.usd(total_cost) },
          { name: t('saved'), isNumber: true, cell: ({ saved_by_cache }) => formats.usd(saved_by_cache) },
          {
            name: t('log'),
            cell: (row) =>
              isAll && row.management_company_id !== tenant ? (
                '–'
              ) : (
                <a href={hrefOfCalls(row, month)}>{t('openCalls')}</a>
              ),
          },
        ]}
      />
      {unpriced.length > 0 && (
        <p class="hint">
          {t('unpriced', {
            names: unpriced.map(({ service_name, operation }) => `${service_name} ${operation}`).join(', '),
          })}
        </p>
      )}
    </section>
  );
}

/** Opens whole days, as the chart counts them. */
function openCalls(fromMs: number, toMs: number): void {
  const from = new Date(Math.floor(fromMs / dayMs) * dayMs).toISOString();
  go(hrefOf('/calls', { ...costsCounted, from, to: new Date(Math.ceil(toMs / dayMs) * dayMs).toISOString() }));
}

/** The address of the calls that a row counts. */
function hrefOfCalls({ service, operation, day }: CostRow, month: Month): string {
  const [first, last] = [day ?? month.from, day ?? month.to];
  return hrefOf('/calls', {
    service_name: service,
    operation,
    from: `${first}T00:00:00.000Z`,
    to: new Date(Date.parse(last) + dayMs).toISOString(),
  });
}
