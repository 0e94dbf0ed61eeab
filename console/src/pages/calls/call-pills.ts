import { usePlace } from '../../app/location.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { errorStatuses, statusesOf } from '../../parts/charts/counted-calls.ts';
import { clearQuery, type Pill, pillsOf } from '../../parts/lists/filter-pills.tsx';
import { useStatusName } from '../../parts/status.tsx';
import { type FilterName, filterNames, rangeMs, ranges } from './filters.ts';
import { listMessages } from './list-messages.ts';
import { callsMessages } from './messages.ts';

/** Each filter of the list as a text with a button to remove it. */
export function useCallPills(): { readonly pills: readonly Pill[]; clear(): void } {
  const t = useMessages(callsMessages);
  const list = useMessages(listMessages);
  const formats = useFormats();
  const statusName = useStatusName();
  const { query } = usePlace();
  const names: Readonly<Record<FilterName, string>> = {
    service_name: t('service'),
    operation: t('operation'),
    exclude_operation: list('notOperation'),
    status: t('status'),
    cache: list('cache'),
    min_duration_ms: t('slower'),
    request_id: t('requestId'),
    principal: list('principal'),
    source_service: list('askedBy'),
    response_status_code: list('statusCode'),
    min_cost_usd: list('minCost'),
    range: t('range'),
    from: t('from'),
    to: t('to'),
  };
  const shownOf = (name: FilterName): string => {
    const text = query.get(name) ?? '';
    if (name === 'from' || name === 'to') return text === '' ? '' : formats.dateTime(text);
    if (name === 'cache') return text === 'miss' ? list('misses') : text;
    if (name === 'status')
      return text === errorStatuses ? list('allButOk') : statusesOf(text).map(statusName).join(', ');
    if (name !== 'range') return text;
    const ms = rangeMs(text);
    if (ms === null) return '';
    return text in ranges ? t(`range${text}` as 'range1h') : formats.span(ms / 1_000);
  };
  return {
    pills: pillsOf(filterNames, names, shownOf),
    clear: () => clearQuery([...filterNames, 'view']),
  };
}
