import type { ComponentChildren } from 'preact';
import type { WholeDelivery } from '../../api/types.ts';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { BodyView } from '../../parts/json-view.tsx';
import { useServerText } from '../../parts/server-text.ts';
import { Status } from '../../parts/status.tsx';
import { Time } from '../../parts/time.tsx';
import { deliveryMessages } from './delivery-messages.ts';

type Attempt = WholeDelivery['attempts'][number];
type TargetState = WholeDelivery['targets'][number];

interface Moment {
  readonly key: string;
  readonly tone: 'good' | 'bad' | 'wait' | 'off';
  readonly text: ComponentChildren;
  readonly when?: ComponentChildren;
}

/** The steps before the targets, then at each target, with the time between steps. */
export function DeliveryWay({ delivery }: { delivery: WholeDelivery }) {
  const t = useMessages(deliveryMessages);
  return (
    <>
      <section class="panel" aria-label={t('path')}>
        <h2>{t('path')}</h2>
        <Moments moments={useArrival(delivery)} />
      </section>
      <section class="panel" aria-label={t('targets')}>
        <h2>{t('targets')}</h2>
        {delivery.targets.length === 0 && <p class="empty">{t('noAttempts')}</p>}
        <ul class="plain-list">
          {delivery.targets.map((target) => (
            <AtTarget
              key={target.target_id}
              target={target}
              attempts={delivery.attempts.filter(({ target_id }) => target_id === target.target_id)}
              receivedAt={delivery.received_at}
            />
          ))}
        </ul>
      </section>
    </>
  );
}

function useArrival(delivery: WholeDelivery): readonly Moment[] {
  const t = useMessages(deliveryMessages);
  const { status, refusal_reason: reason, is_published: isPublished } = delivery;
  const isRefused = status === 'refused';
  return [
    {
      key: 'received',
      tone: 'good',
      text: t('stepReceived', { address: delivery.source_address ?? '–' }),
      when: <Time iso={delivery.received_at} withMs />,
    },
    delivery.signature_verified
      ? { key: 'verified', tone: 'good', text: t('stepVerified') }
      : {
          key: 'verified',
          tone: isRefused ? 'bad' : 'off',
          text: reason === null ? t('stepNotVerified') : t('stepRefused'),
        },
    ...(isRefused || status === 'ignored'
      ? []
      : [
          {
            key: 'published',
            tone: isPublished ? 'good' : 'wait',
            text: isPublished ? t('stepPublished') : t('stepNotPublished'),
          } as const,
        ]),
  ];
}

interface AtTargetProps {
  readonly target: TargetState;
  readonly attempts: readonly Attempt[];
  readonly receivedAt: string;
}

function AtTarget({ target, attempts, receivedAt }: AtTargetProps) {
  const t = useMessages(deliveryMessages);
  const serverText = useServerText();
  const formats = useFormats();
  const span = (ms: number): string => (ms < 60_000 ? formats.duration(ms) : formats.span(ms / 1_000));
  const endOf = (attempt: Attempt): number => Date.parse(attempt.started_at) + (attempt.duration_ms ?? 0);
  const moments: Moment[] = attempts.map((attempt, index) => {
    const before = attempts[index - 1];
    const gapMs = Math.max(
      0,
      Date.parse(attempt.started_at) - (before === undefined ? Date.parse(receivedAt) : endOf(before)),
    );
    const result =
      attempt.error_message === null
        ? String(attempt.response_status_code ?? '–')
        : serverText.of(attempt.error_message, attempt.error_message_ru);
    return {
      key: attempt.id,
      tone: attempt.error_message === null ? 'good' : 'bad',
      text: (
        <>
          <Foreign text={t(attempt.is_by_hand ? 'stepByHand' : 'stepAttempt', { number: attempt.attempt, result })} />
          {attempt.response_body !== null && (
            <details>
              <summary>{t('answerOf', { number: attempt.attempt })}</summary>
              <BodyView value={attempt.response_body} label={t('answerOf', { number: attempt.attempt })} />
            </details>
          )}
        </>
      ),
      when: (
        <>
          <Time iso={attempt.started_at} withMs />{' '}
          {attempt.duration_ms === null
            ? t('after', { time: span(gapMs) })
            : t('took', { gap: span(gapMs), duration: formats.duration(attempt.duration_ms) })}
        </>
      ),
    };
  });
  if (target.status === 'pending' && target.is_paused) {
    moments.push({ key: 'paused', tone: 'wait', text: t('stepPaused') });
  } else if (target.next_attempt_at !== null) {
    moments.push({
      key: 'next',
      tone: 'wait',
      text: t('stepNext', { time: formats.time(target.next_attempt_at) }),
    });
  }
  return (
    <li>
      <Status status={target.status} />{' '}
      {target.target_url === null ? (
        <span class="muted">{t('removedTarget')}</span>
      ) : (
        <Foreign text={target.target_url} />
      )}{' '}
      <span class="muted whole">{t('attempts', { count: target.attempt_count })}</span>{' '}
      {target.sent_again_count > 0 && (
        <span class="muted">{t('sentAgainTimes', { count: target.sent_again_count })}</span>
      )}
      {moments.length > 0 && <Moments moments={moments} />}
    </li>
  );
}

function Moments({ moments }: { moments: readonly Moment[] }) {
  return (
    <ol class="way">
      {moments.map(({ key, tone, text, when }) => (
        <li key={key} class={`way-${tone}`}>
          <span>{text}</span> <span class="muted">{when}</span>
        </li>
      ))}
    </ol>
  );
}
