import { useState } from 'preact/hooks';
import type { Redrive, RedriveCount } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { useApi } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { FormFault, SelectField, TextField, useSending } from '../../parts/forms/form.tsx';
import { partsMessages } from '../../parts/messages.ts';
import { QueryView } from '../../parts/query-view.tsx';
import { useToast } from '../../parts/toast.tsx';
import { redrivesMessages } from './redrives-messages.ts';

export type DeliveryFilter = Readonly<Record<string, string | null>>;

interface RedriveDialogProps {
  /** The list's filters without empty values. */
  readonly filter: DeliveryFilter;
  readonly onBegan: (begun: Redrive) => void;
  readonly onClose: () => void;
}

/** Counts first: the targets, the number and the time range. Only then there is a button. */
export function RedriveDialog({ filter, onBegan, onClose }: RedriveDialogProps) {
  const t = useMessages(redrivesMessages);
  const parts = useMessages(partsMessages);
  const api = useApi();
  const say = useToast();
  const sending = useSending();
  const [to, setTo] = useState(filter.delivery_status === 'dead' ? 'failed' : 'target');
  const [from, setFrom] = useState(localOf(filter.from_date));
  const [until, setUntil] = useState(localOf(filter.to_date));
  const { from_date: _from, to_date: _to, ...others } = filter;
  const body = {
    ...(from === '' && until === '' && Object.keys(others).length === 0 ? { all: true } : others),
    ...(from === '' ? {} : { from_date: new Date(from).toISOString() }),
    ...(until === '' ? {} : { to_date: new Date(until).toISOString() }),
    to,
  };
  const counted = useQuery(`redrive-count:${JSON.stringify(body)}`, async (asked, signal) => {
    const { body: count } = await asked.ask<RedriveCount>('POST', '/webhooks/redrives', {
      body: { ...body, dry_run: true },
      signal,
    });
    return count;
  });
  const begin = (count: RedriveCount): void =>
    void sending.run(async () => {
      const { all: _all, ...chosen } = { all: undefined, ...body };
      // Deliveries after the count are not included.
      onBegan(await api.sendOnce<Redrive>('/webhooks/redrives', { ...chosen, to_date: count.to_date }));
      say(t('begun'));
      onClose();
    });
  return (
    <Dialog title={t('title')} onClose={onClose}>
      <FormFault error={sending.error} />
      <SelectField
        label={t('sendTo')}
        value={to}
        onInput={setTo}
        options={[
          { value: 'failed', name: t('toFailed') },
          { value: 'target', name: t('toTargets') },
          { value: 'all', name: t('toAll') },
        ]}
      />
      <TextField label={t('from')} type="datetime-local" value={from} onInput={setFrom} />
      <TextField label={t('until')} type="datetime-local" value={until} onInput={setUntil} hint={t('untilHint')} />
      {counted.isLoading ? (
        <p class="muted" role="status">
          {t('counting')}
        </p>
      ) : (
        <QueryView query={counted}>
          {(count) => (
            <>
              <Counted count={count} />
              <div class="actions">
                <button type="button" class="button" onClick={onClose}>
                  {parts('cancel')}
                </button>
                <button
                  type="button"
                  class="button primary"
                  aria-disabled={sending.isSending || count.sendable_count === 0}
                  onClick={() => begin(count)}
                >
                  {t('begin', { count: count.sendable_count })}
                </button>
              </div>
            </>
          )}
        </QueryView>
      )}
    </Dialog>
  );
}

function Counted({ count }: { count: RedriveCount }) {
  const t = useMessages(redrivesMessages);
  const formats = useFormats();
  const { oldest_received_at: oldest, newest_received_at: newest } = count;
  return (
    <>
      <p role="status">
        <strong>{t(count.is_exact ? 'matches' : 'matchesMore', { count: count.matched_count })}</strong>
        {count.matched_count > 0 && <>, {t('sendable', { count: count.sendable_count })}</>}
        {oldest !== null && newest !== null && (
          <>; {t('between', { from: formats.dateTime(oldest), to: formats.dateTime(newest) })}</>
        )}
      </p>
      <ul>
        {count.webhooks.map((webhook) => (
          <li key={webhook.webhook_id}>
            <Foreign
              text={t('ofWebhook', {
                name: webhook.webhook_name,
                count: webhook.sendable_count,
                urls: webhook.target_urls.length === 0 ? t('noTargets') : webhook.target_urls.join(', '),
              })}
            />
          </li>
        ))}
      </ul>
      <p>{t('effect')}</p>
    </>
  );
}

/** In the format of `datetime-local`, in the reader's zone. */
function localOf(iso: string | null | undefined): string {
  const atMs = Date.parse(iso ?? '');
  if (Number.isNaN(atMs)) return '';
  return new Date(atMs - new Date(atMs).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
