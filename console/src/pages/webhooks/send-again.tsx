import { useState } from 'preact/hooks';
import type { WholeDelivery } from '../../api/types.ts';
import { useApi } from '../../app/session.tsx';
import { useLanguage } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { FormFault, SelectField, useSending } from '../../parts/forms/form.tsx';
import { partsMessages } from '../../parts/messages.ts';
import { Status } from '../../parts/status.tsx';
import { useToast } from '../../parts/toast.tsx';
import { deliveryMessages } from './delivery-messages.ts';

type RetryTarget = WholeDelivery['retry']['targets'][number];

const didNotTakeIt = ({ status }: RetryTarget): boolean => status === 'dead' || status === 'cancelled';

interface SendAgainProps {
  readonly delivery: WholeDelivery;
  /** Whether the newest state is still loading. */
  readonly isOld: boolean;
  readonly onSent: () => void;
}

/** The button, or the reason why there is none; the dialog shows the targets and what they receive. */
export function SendAgain({ delivery, isOld, onSent }: SendAgainProps) {
  const t = useMessages(deliveryMessages);
  const { language } = useLanguage();
  const [asks, setAsks] = useState(false);
  const { retry } = delivery;
  if (!retry.is_possible) {
    return (
      <p class="muted">
        {t('cannotSend')} <Foreign text={language === 'ru' ? retry.message_ru : retry.message} />
      </p>
    );
  }
  return (
    <>
      <button type="button" class="button primary" aria-disabled={isOld} onClick={() => setAsks(true)}>
        {t('sendAgain')}
      </button>
      {asks && <SendAgainDialog delivery={delivery} onSent={onSent} onClose={() => setAsks(false)} />}
    </>
  );
}

interface SendAgainDialogProps {
  readonly delivery: WholeDelivery;
  readonly onSent: () => void;
  readonly onClose: () => void;
}

function SendAgainDialog({ delivery, onSent, onClose }: SendAgainDialogProps) {
  const t = useMessages(deliveryMessages);
  const parts = useMessages(partsMessages);
  const api = useApi();
  const say = useToast();
  const sending = useSending();
  const { targets } = delivery.retry;
  const failed = targets.filter(didNotTakeIt);
  // The usual choice: the targets that did not accept it.
  const [to, setTo] = useState(failed.length > 0 ? 'failed' : 'all');
  const chosen = chosenTargets(to, targets);
  const send = (): void =>
    void sending.run(async () => {
      await api.sendOnce(`/webhooks/events/${delivery.id}/retry`, isChoice(to) ? { to } : { target_id: to });
      onSent();
      say(t('sentAgain'));
      onClose();
    });
  return (
    <Dialog title={t('sendAgainTitle')} onClose={onClose}>
      <FormFault error={sending.error} />
      <SelectField
        label={t('sendTo')}
        value={to}
        onInput={setTo}
        options={[
          { value: 'all', name: targets.length === 0 ? t('toBus') : t('toAll') },
          ...(targets.length === 0 ? [] : [{ value: 'target', name: t('toTargets') }]),
          ...(failed.length === 0 ? [] : [{ value: 'failed', name: t('toFailed') }]),
          ...(targets.length < 2
            ? []
            : targets.map(({ target_id, target_url }) => ({
                value: target_id,
                name: t('toOne', { url: target_url }),
              }))),
        ]}
      />
      {chosen.length > 0 && (
        <section aria-label={t('whoGets')}>
          <h3>{t('whoGets')}</h3>
          <ul class="plain-list">
            {chosen.map((target) => (
              <li key={target.target_id}>
                <Foreign text={target.target_url} />{' '}
                {target.status === null ? (
                  <span class="muted">{t('neverSent')}</span>
                ) : (
                  <Status status={target.status} />
                )}{' '}
                {target.is_paused && <span class="muted">{t('waitsPaused')}</span>}
              </li>
            ))}
          </ul>
          <p>{t('nowAndAll')}</p>
          <p>{t('sameId', { id: delivery.id })}</p>
        </section>
      )}
      {to === 'all' && <p>{t('newBusId', { id: delivery.id })}</p>}
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          {parts('cancel')}
        </button>
        <button type="button" class="button primary" aria-disabled={sending.isSending} onClick={send}>
          {t('sendAgain')}
        </button>
      </div>
    </Dialog>
  );
}

function isChoice(to: string): boolean {
  return to === 'all' || to === 'target' || to === 'failed';
}

function chosenTargets(to: string, targets: readonly RetryTarget[]): readonly RetryTarget[] {
  if (to === 'all' || to === 'target') return targets;
  if (to === 'failed') return targets.filter(didNotTakeIt);
  return targets.filter(({ target_id }) => target_id === to);
}
