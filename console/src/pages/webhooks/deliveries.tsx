import { useState } from 'preact/hooks';
import type { Delivery, Redrive, Webhook } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { go, hrefOf, usePlace } from '../../app/location.tsx';
import { useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { NothingMatches } from '../../parts/filter-pills.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { Pager } from '../../parts/pager.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Status } from '../../parts/status.tsx';
import { Time } from '../../parts/time.tsx';
import { DeliveryFilters, filterOf, useDeliveryPills } from './delivery-filters.tsx';
import { DeliverySheet } from './delivery-sheet.tsx';
import { webhooksMessages } from './messages.ts';
import { RedriveDialog } from './redrive-dialog.tsx';
import { Redrives } from './redrives.tsx';
import { redrivesMessages } from './redrives-messages.ts';

const refreshMs = 5_000;

export function Deliveries({ openId, webhookId = null }: { openId: string | null; webhookId?: string | null }) {
  const t = useMessages(webhooksMessages);
  const formats = useFormats();
  const redriveWords = useMessages(redrivesMessages);
  const isAdmin = useIsAdmin();
  const [asksRetry, setAsksRetry] = useState(false);
  const { query, path } = usePlace();
  const given = filterOf(query, webhookId);
  const known = useQuery(webhookId === null ? 'webhooks' : null, (asked, signal) =>
    asked.get<{ webhooks: readonly Webhook[] }>('/webhooks', { limit: 500 }, signal),
  );
  const list = { webhookId, webhooks: known.data?.webhooks ?? [] };
  const { pills, clear } = useDeliveryPills(list);
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
      <DeliveryFilters {...list} pills={pills} onClear={clear} />
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
                  pills.length > 0 ? (
                    <NothingMatches text={t('nothingMatches')} pills={pills} onClear={clear} />
                  ) : (
                    t('noDeliveries')
                  )
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
              <Pager cursor={cursor} next={next_cursor}>
                {isAdmin && events.length > 0 && (
                  <button type="button" class="button small" onClick={() => setAsksRetry(true)}>
                    {redriveWords('retryAll')}
                  </button>
                )}
              </Pager>
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
