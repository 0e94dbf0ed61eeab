/** Each service's numbers of the last 24 hours, in a row beside its name. */
import type { SeriesAnswer } from '../api/types.ts';
import { useQuery } from '../api/use-query.ts';
import { hrefOf } from '../app/location.tsx';
import { useFormats } from '../i18n/language.tsx';
import { type Messages, useMessages } from '../i18n/messages.ts';
import { Sparkline } from './charts/sparkline.tsx';

const hours = 24;
const hourMs = 3_600_000;

const numbersMessages = {
  calls: [
    { one: '{count} call in 24 h', other: '{count} calls in 24 h' },
    {
      one: '{count} вызов за 24 ч',
      few: '{count} вызова за 24 ч',
      many: '{count} вызовов за 24 ч',
      other: '{count} вызова за 24 ч',
    },
  ],
  failed: ['{share} failed', 'сбоев {share}'],
  p95: ['p95 {duration}', 'p95 {duration}'],
  p95Title: ['p95 of the last hour in which it was asked', 'p95 за последний час, когда его спрашивали'],
  quiet: ['no calls in 24 h', 'за 24 ч вызовов не было'],
} as const satisfies Messages;

interface Numbers {
  readonly calls: readonly number[];
  readonly errors: readonly number[];
  readonly p95Ms: number | null;
}

/** By the service's name; null until it is known. */
export function useServiceNumbers(): ReadonlyMap<string, Numbers> | null {
  const { data } = useQuery(
    'service-numbers',
    async (api, signal) => {
      const endMs = Math.floor(Date.now() / hourMs) * hourMs + hourMs;
      const startMs = endMs - hours * hourMs;
      const span = { from: new Date(startMs).toISOString(), to: new Date(endMs).toISOString(), step: 'hour' };
      const ask = (metric: string) =>
        api.get<SeriesAnswer>('/stats/series', { metric, group_by: 'service', ...span }, signal);
      const [calls, errors, p95] = await Promise.all([ask('calls'), ask('errors'), ask('latency_p95')]);
      const rowOf = ({ series }: SeriesAnswer, name: string): number[] => {
        const row = Array.from({ length: hours }, () => 0);
        for (const [time, value] of series.find(({ labels }) => labels.service === name)?.points ?? []) {
          row[Math.floor((new Date(time).getTime() - startMs) / hourMs)] = value ?? 0;
        }
        return row;
      };
      return new Map(
        calls.series.map(({ labels: { service = '' } }) => [
          service,
          {
            calls: rowOf(calls, service),
            errors: rowOf(errors, service),
            p95Ms: p95.series.find(({ labels }) => labels.service === service)?.points.at(-1)?.[1] ?? null,
          },
        ]),
      );
    },
    { refreshMs: 60_000 },
  );
  return data;
}

export function ServiceNumbers({ name, numbers }: { name: string; numbers: ReadonlyMap<string, Numbers> | null }) {
  const t = useMessages(numbersMessages);
  const formats = useFormats();
  const of = numbers?.get(name);
  const total = of?.calls.reduce((sum, count) => sum + count, 0) ?? 0;
  const failed = of?.errors.reduce((sum, count) => sum + count, 0) ?? 0;
  if (numbers === null) return <span class="service-numbers" />;
  if (of === undefined || total === 0) return <span class="service-numbers muted">{t('quiet')}</span>;
  return (
    <span class="service-numbers">
      <Sparkline calls={of.calls} errors={of.errors} />
      <span class="service-said">
        <a class="quiet-link" href={hrefOf('/calls', { service_name: name, range: '24h' })}>
          {t('calls', { count: total })}
        </a>
        {failed > 0 && <span class="bad-text">{t('failed', { share: formats.percent(failed / total) })}</span>}
        {of.p95Ms !== null && (
          <span class="muted" title={t('p95Title')}>
            {t('p95', { duration: formats.duration(of.p95Ms) })}
          </span>
        )}
      </span>
    </span>
  );
}
