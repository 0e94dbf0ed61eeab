import { useRef, useState } from 'preact/hooks';
import type { Delivery } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { everyWebhook } from '../../api/whole-lists.ts';
import { go, hrefOf, usePlace } from '../../app/location.tsx';
import { useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { type Column, DataTable } from '../../parts/lists/data-table.tsx';
import { NothingMatches } from '../../parts/lists/filter-pills.tsx';
import { LiveLine } from '../../parts/lists/live-line.tsx';
import { Pager } from '../../parts/lists/pager.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Status } from '../../parts/status.tsx';
import { Time } from '../../parts/time.tsx';
import { useHeld, useHold } from '../../parts/use-held.ts';
import { DeliveryFilters, filterOf, useDeliveryPills } from './delivery-filters.tsx';
import { DeliverySheet } from './delivery-sheet.tsx';
import { webhooksMessages } from './messages.ts';
import { RedriveDialog } from './redrive-dialog.tsx';
import { type RedriveList, Redrives, withRedrive } from './redrives.tsx';
import { redrivesMessages } from './redrives-messages.ts';

const refreshMs = 5_000;

interface DeliveryPage {
  readonly events: readonly Delivery[];
  readonly next_cursor: string | null;
}

export function Deliveries({ openId, webhookId = null }: { openId: string | null; webhookId?: string | null }) {
  const t = useMessages(webhooksMessages);
  const columns = useDeliveryColumns();
  const redriveWords = useMessages(redrivesMessages);
  const isAdmin = useIsAdmin();
  const [asksRetry, setAsksRetry] = useState(false);
  const { query, path } = usePlace();
  const given = filterOf(query, webhookId);
  const known = useQuery(webhookId === null ? 'webhooks' : null, everyWebhook);
  const list = { webhookId, webhooks: known.data?.webhooks ?? [] };
  const { pills, clear } = useDeliveryPills(list);
  const cursor = query.get('cursor');
  // What was done here is seen at once, although the rows stand still: it asks another question.
  const [round, setRound] = useState(0);
  const question = `deliveries:${JSON.stringify(given)}:${cursor ?? ''}:${round}`;
  const answer = useQuery(
    question,
    async (asked, signal) => ({
      question,
      ...(await asked.get<DeliveryPage>('/webhooks/events', { ...given, cursor, limit: 50 }, signal)),
    }),
    cursor === null ? { refreshMs } : {},
  );
  const area = useRef<HTMLDivElement>(null);
  const hold = useHold(area, openId !== null);
  const latest = answer.data;
  const hasRows = useRef(false);
  const [page, release] = useHeld(latest, hold !== null && hasRows.current, latest?.question);
  hasRows.current = page !== null && page.events.length > 0;
  const heldIds = new Set(page?.events.map(({ id }) => id));
  const waiting = latest?.events.filter(({ id }) => !heldIds.has(id)).length ?? 0;
  // They stand still, but each says how far it is now.
  const rows = page?.events.map((held) => latest?.events.find(({ id }) => id === held.id) ?? held) ?? [];
  const redrives = useQuery(
    isAdmin ? 'redrives' : null,
    (asked, signal) => asked.get<RedriveList>('/webhooks/redrives', {}, signal),
    { refreshMs },
  );
  const search = query.toString();
  const base = webhookId === null ? '/webhooks/deliveries' : `/webhooks/${webhookId}/deliveries`;
  return (
    <div class="stack">
      <DeliveryFilters {...list} pills={pills} onClear={clear} />
      <Redrives query={redrives} />
      <section class="panel" aria-label={t('deliveries')}>
        {cursor === null && (
          <LiveLine
            hold={hasRows.current ? hold : null}
            hasFailed={answer.error !== null}
            waiting={waiting}
            words={(count) => t('newDeliveries', { count })}
            onRelease={release}
          />
        )}
        <div ref={area}>
          <QueryView query={{ ...answer, data: page }}>
            {({ next_cursor }) => (
              <>
                <DataTable<Delivery>
                  caption={t('deliveries')}
                  rows={rows}
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
                  columns={columns}
                />
                <Pager cursor={cursor} next={next_cursor}>
                  {isAdmin && rows.length > 0 && (
                    <button type="button" class="button small" onClick={() => setAsksRetry(true)}>
                      {redriveWords('retryAll')}
                    </button>
                  )}
                </Pager>
              </>
            )}
          </QueryView>
        </div>
      </section>
      {asksRetry && (
        <RedriveDialog
          filter={given}
          onBegan={(begun) => redrives.reload(withRedrive(begun))}
          onClose={() => setAsksRetry(false)}
        />
      )}
      {openId !== null && (
        <DeliverySheet
          key={openId}
          id={openId}
          onChanged={() => setRound(round + 1)}
          onClose={() => go(`${path === '' ? '' : hrefOf(base)}${search === '' ? '' : `?${search}`}`)}
        />
      )}
    </div>
  );
}

function useDeliveryColumns(): readonly Column<Delivery>[] {
  const t = useMessages(webhooksMessages);
  const formats = useFormats();
  return [
    { name: t('time'), cell: (delivery) => <Time iso={delivery.received_at} /> },
    { name: t('webhook'), isSpare: true, cell: (delivery) => <Foreign text={delivery.webhook_name} /> },
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
  ];
}
