import { useState } from 'preact/hooks';
import type { Delivery, Redrive, Webhook } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { go, hrefOf, setQuery, usePlace } from '../../app/location.tsx';
import { useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { SelectField, TextField } from '../../parts/form.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Status } from '../../parts/status.tsx';
import { Time } from '../../parts/time.tsx';
import { DeliverySheet } from './delivery-sheet.tsx';
import { webhooksMessages } from './messages.ts';
import { RedriveDialog } from './redrive-dialog.tsx';
import { Redrives } from './redrives.tsx';
import { redrivesMessages } from './redrives-messages.ts';

const filterNames = [
  'webhook_id',
  'status',
  'delivery_status',
  'event_type',
  'delivery_id',
  'from_date',
  'to_date',
] as const;
const refreshMs = 5_000;

export function Deliveries({ openId, webhookId = null }: { openId: string | null; webhookId?: string | null }) {
  const t = useMessages(webhooksMessages);
  const formats = useFormats();
  const redriveWords = useMessages(redrivesMessages);
  const isAdmin = useIsAdmin();
  const [asksRetry, setAsksRetry] = useState(false);
  const { query, path } = usePlace();
  const filter = Object.fromEntries(filterNames.map((name) => [name, query.get(name)])) as Record<
    string,
    string | null
  >;
  if (webhookId !== null) filter.webhook_id = webhookId;
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== null && value !== ''));
  const cursor = query.get('cursor');
  const answer = useQuery(
    `deliveries:${JSON.stringify(given)}:${cursor ?? ''}`,
    (asked, signal) =>
      asked.get<{ events: readonly Delivery[]; next_cursor: string | null }>(
        '/webhooks/events',
        { ...given, cursor, limit: 50 },
        signal,
      ),
    cursor === null ? { refreshMs } : {},
  );
  const redrives = useQuery(
    isAdmin ? 'redrives' : null,
    (asked, signal) => asked.get<{ redrives: readonly Redrive[] }>('/webhooks/redrives', {}, signal),
    { refreshMs },
  );
  const search = query.toString();
  const base = webhookId === null ? '/webhooks/deliveries' : `/webhooks/${webhookId}/deliveries`;
  return (
    <div class="stack">
      <DeliveryFilters hasWebhook={webhookId !== null} />
      <Redrives query={redrives} />
      <section class="panel" aria-label={t('deliveries')}>
        <QueryView query={answer}>
          {({ events, next_cursor }) => (
            <>
              <DataTable<Delivery>
                caption={t('deliveries')}
                rows={events}
                keyOf={(delivery) => delivery.id}
                selectedKey={openId}
                hrefOf={(delivery) => `${hrefOf(`${base}/${delivery.id}`)}${search === '' ? '' : `?${search}`}`}
                empty={
                  Object.keys(given).length > (webhookId === null ? 0 : 1) ? t('nothingMatches') : t('noDeliveries')
                }
                columns={[
                  { name: t('time'), cell: (delivery) => <Time iso={delivery.received_at} /> },
                  { name: t('webhook'), cell: (delivery) => <Foreign text={delivery.webhook_name} /> },
                  { name: t('eventType'), cell: (delivery) => <Foreign text={delivery.event_type} /> },
                  { name: t('status'), cell: (delivery) => <Status status={delivery.status} /> },
                  {
                    name: t('targetState'),
                    cell: (delivery) => (delivery.target === null ? '–' : <Status status={delivery.target.status} />),
                  },
                  {
                    name: t('deliveryId'),
                    isExtra: true,
                    cell: (delivery) => (
                      <span class="cut mono">
                        <Foreign text={delivery.delivery_id} />
                      </span>
                    ),
                  },
                  {
                    name: t('size'),
                    isNumber: true,
                    isExtra: true,
                    cell: (delivery) => formats.bytes(delivery.payload_size_bytes),
                  },
                ]}
              />
              <div class="table-foot">
                {isAdmin && events.length > 0 && (
                  <button type="button" class="button small" onClick={() => setAsksRetry(true)}>
                    {redriveWords('retryAll')}
                  </button>
                )}
                {cursor !== null && (
                  <button type="button" class="button small" onClick={() => setQuery({ cursor: null })}>
                    {t('newest')}
                  </button>
                )}
                {next_cursor !== null && (
                  <button type="button" class="button small" onClick={() => setQuery({ cursor: next_cursor })}>
                    {t('older')}
                  </button>
                )}
              </div>
            </>
          )}
        </QueryView>
      </section>
      {asksRetry && <RedriveDialog filter={given} onBegan={redrives.reload} onClose={() => setAsksRetry(false)} />}
      {openId !== null && (
        <DeliverySheet
          key={openId}
          id={openId}
          onChanged={answer.reload}
          onClose={() => go(`${path === '' ? '' : hrefOf(base)}${search === '' ? '' : `?${search}`}`)}
        />
      )}
    </div>
  );
}

function DeliveryFilters({ hasWebhook }: { hasWebhook: boolean }) {
  const t = useMessages(webhooksMessages);
  const { query } = usePlace();
  const webhooks = useQuery('webhooks', (api, signal) =>
    api.get<{ webhooks: readonly Webhook[] }>('/webhooks', { limit: 500 }, signal),
  );
  const [type, setType] = useState(query.get('event_type') ?? '');
  const [delivery, setDelivery] = useState(query.get('delivery_id') ?? '');
  const any = { value: '', name: t('any') };
  const choose = (changes: Record<string, string>): void => setQuery({ ...changes, cursor: null });
  return (
    <section class="panel" aria-label={t('find')}>
      <form
        role="search"
        class="filter-grid"
        onSubmit={(event) => {
          event.preventDefault();
          choose({ event_type: type.trim(), delivery_id: delivery.trim() });
        }}
      >
        {!hasWebhook && (
          <SelectField
            label={t('webhook')}
            value={query.get('webhook_id') ?? ''}
            onInput={(webhook_id) => choose({ webhook_id })}
            options={[
              any,
              ...(webhooks.data?.webhooks ?? []).map(({ id, webhook_name }) => ({ value: id, name: webhook_name })),
            ]}
          />
        )}
        <SelectField
          label={t('status')}
          value={query.get('status') ?? ''}
          onInput={(status) => choose({ status })}
          options={[any, ...['accepted', 'refused', 'deferred'].map((value) => ({ value, name: value }))]}
        />
        <SelectField
          label={t('targetState')}
          value={query.get('delivery_status') ?? ''}
          onInput={(delivery_status) => choose({ delivery_status })}
          options={[any, ...['pending', 'delivered', 'dead'].map((value) => ({ value, name: value }))]}
        />
        <TextField label={t('eventType')} type="search" value={type} onInput={setType} />
        <TextField label={t('deliveryId')} value={delivery} onInput={setDelivery} />
        <div class="actions align-end">
          <button type="submit" class="button">
            {t('find')}
          </button>
          <button
            type="button"
            class="button plain"
            onClick={() => {
              setType('');
              setDelivery('');
              choose(Object.fromEntries(filterNames.map((name) => [name, ''])));
            }}
          >
            {t('clear')}
          </button>
        </div>
      </form>
    </section>
  );
}
