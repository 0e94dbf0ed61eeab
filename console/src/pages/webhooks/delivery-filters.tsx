/** The filters of the list of deliveries: fields, and pills for the active ones. */
import type { Webhook } from '../../api/types.ts';
import { usePlace } from '../../app/location.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { SelectField, TextField } from '../../parts/forms/form.tsx';
import { TimeField } from '../../parts/forms/time-field.tsx';
import { asOption, chooseFilters as choose, FilterBox, useTypedFilters } from '../../parts/lists/filter-box.tsx';
import { clearQuery, type Pill, pillsOf } from '../../parts/lists/filter-pills.tsx';
import { useStatusName } from '../../parts/status.tsx';
import { webhooksMessages } from './messages.ts';

const chosenNames = ['webhook_id', 'source', 'status', 'delivery_status'] as const;
/** Fields that are typed completely before they are used. */
const typedNames = ['event_type', 'delivery_id', 'payload_contains'] as const;
const timeNames = ['from_date', 'to_date'] as const;
const filterNames = [...chosenNames, ...typedNames, ...timeNames] as const;
type FilterName = (typeof filterNames)[number];

const statuses = ['accepted', 'deferred', 'refused', 'ignored'];
const targetStates = ['pending', 'delivered', 'dead', 'cancelled'];
/** A search through bodies reads all of them, so without a start it covers this period. */
const searchedMs = 7 * 86_400_000;

/** For the API, without empty values. A webhook's own list is always limited to it, whatever the address says. */
export function filterOf(query: URLSearchParams, webhookId: string | null): Readonly<Record<string, string>> {
  const given = Object.fromEntries(filterNames.map((name) => [name, query.get(name) ?? '']));
  if (webhookId !== null) Object.assign(given, { webhook_id: webhookId, source: '' });
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
}

interface ListOf {
  /** The webhook of these deliveries; null: any. */
  readonly webhookId: string | null;
  readonly webhooks: readonly Webhook[];
}

/** The name of every filter. */
export function useDeliveryPills({ webhookId, webhooks }: ListOf): { readonly pills: readonly Pill[]; clear(): void } {
  const t = useMessages(webhooksMessages);
  const formats = useFormats();
  const statusName = useStatusName();
  const { query } = usePlace();
  const names: Readonly<Record<FilterName, string>> = {
    webhook_id: t('webhook'),
    source: t('source'),
    status: t('status'),
    delivery_status: t('targetState'),
    event_type: t('eventType'),
    delivery_id: t('deliveryId'),
    payload_contains: t('bodyContains'),
    from_date: t('receivedFrom'),
    to_date: t('receivedBefore'),
  };
  const shownOf = (name: FilterName): string => {
    const text = query.get(name) ?? '';
    if (text === '' || (webhookId !== null && (name === 'webhook_id' || name === 'source'))) return '';
    if (name === 'webhook_id') return webhooks.find(({ id }) => id === text)?.webhook_name ?? text;
    if (name === 'status' || name === 'delivery_status') return statusName(text);
    return name === 'from_date' || name === 'to_date' ? formats.dateTime(text) : text;
  };
  return {
    pills: pillsOf(filterNames, names, shownOf),
    clear: () => clearQuery(filterNames),
  };
}

/** The form is keyed by the address, so that each search fills its typed fields from there again. */
export function DeliveryFilters(props: DeliveryFiltersProps) {
  const { query } = usePlace();
  return <Filters key={typedNames.map((name) => query.get(name)).join('\n')} {...props} />;
}

interface DeliveryFiltersProps extends ListOf {
  readonly pills: readonly Pill[];
  readonly onClear: () => void;
}

function Filters({ webhookId, webhooks, pills, onClear }: DeliveryFiltersProps) {
  const t = useMessages(webhooksMessages);
  const statusName = useStatusName();
  const { query } = usePlace();
  const value = (name: FilterName): string => query.get(name) ?? '';
  const typed = useTypedFilters(typedNames);
  const asStatus = (value: string) => ({ value, name: statusName(value) });
  const any = { value: '', name: t('any') };
  const find = (): void => {
    const asked = typed.asked();
    const needsTime = asked.payload_contains !== '' && value('from_date') === '';
    const endMs = value('to_date') === '' ? Date.now() : Date.parse(value('to_date'));
    choose({ ...asked, ...(needsTime ? { from_date: new Date(endMs - searchedMs).toISOString() } : {}) });
  };
  const choice = (name: (typeof chosenNames)[number], options: readonly { value: string; name: string }[]) => ({
    value: value(name),
    onInput: (chosen: string) => choose({ [name]: chosen }),
    options: [any, ...options],
  });
  const sources = [...new Set([...webhooks.map(({ source_service }) => source_service), value('source')])].sort();
  return (
    <FilterBox pills={pills} onFind={find} onClear={onClear}>
      {webhookId === null && (
        <>
          <SelectField
            label={t('webhook')}
            {...choice(
              'webhook_id',
              webhooks.map(({ id, webhook_name }) => ({ value: id, name: webhook_name })),
            )}
          />
          <SelectField
            label={t('source')}
            {...choice('source', sources.filter((source) => source !== '').map(asOption))}
          />
        </>
      )}
      <SelectField label={t('status')} {...choice('status', statuses.map(asStatus))} />
      <SelectField label={t('targetState')} {...choice('delivery_status', targetStates.map(asStatus))} />
      <TextField label={t('eventType')} type="search" {...typed.field('event_type')} />
      <TextField label={t('deliveryId')} {...typed.field('delivery_id')} />
      <TextField label={t('bodyContains')} hint={t('bodyContainsHint')} {...typed.field('payload_contains')} />
      <TimeField
        label={t('receivedFrom')}
        iso={query.get('from_date')}
        onTime={(from_date) => choose({ from_date }, 'replace')}
      />
      <TimeField
        label={t('receivedBefore')}
        iso={query.get('to_date')}
        onTime={(to_date) => choose({ to_date }, 'replace')}
      />
    </FilterBox>
  );
}
