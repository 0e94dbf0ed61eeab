import type { Redrive } from '../../api/types.ts';
import type { QueryState, Reload } from '../../api/use-query.ts';
import { useApi } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { FormFault, useSending } from '../../parts/forms/form.tsx';
import { useToast } from '../../parts/toast.tsx';
import { redrivesMessages } from './redrives-messages.ts';

const mostEnded = 5;
const stateWords = {
  sending: 'stateSending',
  settling: 'stateSettling',
  done: 'stateDone',
  stopped: 'stateStopped',
} as const satisfies Record<Redrive['state'], keyof typeof redrivesMessages>;

const isUnderWay = ({ state }: Redrive): boolean => state === 'sending' || state === 'settling';

export interface RedriveList {
  readonly redrives: readonly Redrive[];
}

/** The list with this one first, in place of its older version. */
export function withRedrive(changed: Redrive): (list: RedriveList) => RedriveList {
  return ({ redrives }) => ({ redrives: [changed, ...redrives.filter(({ id }) => id !== changed.id)] });
}

/** The progress of each, from the service's own count, so that a reload shows the same. */
export function Redrives({ query }: { query: QueryState<RedriveList> }) {
  const t = useMessages(redrivesMessages);
  const redrives = query.data?.redrives ?? [];
  if (redrives.length === 0) return null;
  const ended = redrives.filter((redrive) => !isUnderWay(redrive)).slice(0, mostEnded);
  return (
    <section class="panel" aria-label={t('redrives')}>
      <h2>{t('redrives')}</h2>
      <ul class="plain-list">
        {redrives.filter(isUnderWay).map((redrive) => (
          <OneRedrive key={redrive.id} redrive={redrive} onStopped={query.reload} />
        ))}
      </ul>
      {ended.length > 0 && (
        <details open={!redrives.some(isUnderWay)}>
          <summary>{t('ended')}</summary>
          <ul class="plain-list">
            {ended.map((redrive) => (
              <OneRedrive key={redrive.id} redrive={redrive} onStopped={query.reload} />
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function OneRedrive({ redrive, onStopped }: { redrive: Redrive; onStopped: Reload<RedriveList> }) {
  const t = useMessages(redrivesMessages);
  const formats = useFormats();
  const api = useApi();
  const say = useToast();
  const sending = useSending();
  const { deliveries, sent_count: sent, skipped_count: skipped, created_at: begunAt } = redrive;
  const time = formats.time(begunAt);
  // The count has a maximum, sending has not.
  const total = Math.max(redrive.matched_count, sent + skipped);
  const stop = (): void =>
    void sending.run(async () => {
      onStopped(withRedrive(await api.send<Redrive>('POST', `/webhooks/redrives/${redrive.id}/stop`, {})));
      say(t('stopped'));
    });
  return (
    <li>
      <FormFault error={sending.error} />
      <p>
        <strong>{t(stateWords[redrive.state])}</strong>{' '}
        <span class="muted">
          <Foreign text={t('by', { ago: formats.relative(begunAt), who: redrive.created_by })} />
        </span>{' '}
        <Foreign text={Object.values(redrive.filter).join(' · ')} />
      </p>
      <progress aria-label={t('progressOf', { time })} max={Math.max(1, total)} value={sent + skipped} />
      <p>
        {t('progress', { done: sent, total })}
        {skipped > 0 && <> · {t('skipped', { count: skipped })}</>} · {t('delivered', { count: deliveries.delivered })}{' '}
        · {t('failed', { count: deliveries.failed })}
        {deliveries.cancelled > 0 && <> · {t('cancelled', { count: deliveries.cancelled })}</>} ·{' '}
        {t('waiting', { count: deliveries.waiting })}
      </p>
      {isUnderWay(redrive) && (
        <button
          type="button"
          class="button small"
          aria-label={t('stopNamed', { time })}
          aria-disabled={sending.isSending}
          onClick={stop}
        >
          {t('stop')}
        </button>
      )}
    </li>
  );
}
