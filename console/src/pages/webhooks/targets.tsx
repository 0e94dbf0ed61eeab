/** A webhook's targets: each with its state, paused and given a new secret separately. */
import { useState } from 'preact/hooks';
import type { Webhook } from '../../api/types.ts';
import type { Reload } from '../../api/use-query.ts';
import { useApi, useIsAdmin } from '../../app/session.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { Foreign, ForeignUrl } from '../../parts/foreign-text.tsx';
import { FormFault, useSending } from '../../parts/forms/form.tsx';
import { DataTable } from '../../parts/lists/data-table.tsx';
import { Status } from '../../parts/status.tsx';
import { useToast } from '../../parts/toast.tsx';
import { changeWebhook, type Loaded } from './change-webhook.ts';
import { webhooksMessages } from './messages.ts';
import { ShownOnce } from './shown-once.tsx';
import { targetsMessages } from './targets-messages.ts';

interface Target {
  /** The webhook's own id means `target_url`. */
  readonly id: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly conditionCount: number;
  readonly isPaused: boolean;
  readonly offReason: string | null;
}

function targetsOf(webhook: Webhook): readonly Target[] {
  const own: readonly Target[] =
    webhook.target_url === null
      ? []
      : [
          {
            id: webhook.id,
            url: webhook.target_url,
            eventTypes: ['*'],
            conditionCount: 0,
            isPaused: webhook.target_paused,
            offReason: webhook.target_off_reason,
          },
        ];
  const further = webhook.targets.map((target) => ({
    id: String(target.id),
    url: String(target.url),
    eventTypes: target.event_types as readonly string[],
    conditionCount: (target.conditions as readonly unknown[]).length,
    isPaused: target.paused === true,
    offReason: (target.off_reason ?? null) as string | null,
  }));
  return [...own, ...further];
}

/** Whether every target of the webhook is paused. */
export function isTargetPaused(webhook: Webhook): boolean {
  const targets = targetsOf(webhook);
  return targets.length > 0 && targets.every(({ isPaused }) => isPaused);
}

interface TargetsProps {
  readonly webhook: Webhook;
  readonly onChanged: Reload<Loaded>;
}

export function Targets({ webhook, onChanged }: TargetsProps) {
  const t = useMessages(targetsMessages);
  const offReasonOf = useOffReason();
  const words = useMessages(webhooksMessages);
  const api = useApi();
  const isAdmin = useIsAdmin();
  const say = useToast();
  const sending = useSending();
  const [asked, setAsked] = useState<Target | null>(null);
  const [shown, setShown] = useState<Webhook | null>(null);
  const place = `/webhooks/${webhook.id}`;
  const turn = ({ id, isPaused }: Target): void =>
    void sending.run(async () => {
      const action = isPaused ? 'resume-target' : 'pause-target';
      onChanged((await changeWebhook(api, webhook.id, { target_id: id }, { action })).onto);
      say(words(isPaused ? 'resumed' : 'paused'));
    });
  const rotate = (target: Target): void => {
    setAsked(null);
    void sending.run(async () => {
      const body = { target_id: target.id };
      const { target_secret } = await api.send<{ target_secret: string }>(
        'POST',
        `${place}/rotate-target-secret`,
        body,
      );
      setShown({ ...webhook, target_secret });
    });
  };
  return (
    <section class="panel" aria-label={t('sendsTo')}>
      <h2>{t('sendsTo')}</h2>
      <FormFault error={sending.error} />
      <DataTable<Target>
        caption={t('sendsTo')}
        rows={targetsOf(webhook)}
        keyOf={({ id }) => id}
        empty={words('targetHint')}
        columns={[
          { name: t('url'), cell: ({ url }) => <ForeignUrl url={url} /> },
          {
            name: t('gets'),
            cell: ({ eventTypes, conditionCount }) => (
              <Foreign
                text={
                  conditionCount === 0
                    ? eventTypes.join(', ')
                    : t('withConditions', { types: eventTypes.join(', '), count: conditionCount })
                }
              />
            ),
          },
          {
            name: t('state'),
            cell: ({ isPaused, offReason }) => (
              <>
                <Status status={isPaused ? 'paused' : 'active'} />{' '}
                {offReason !== null && <Foreign text={offReasonOf(offReason)} />}
              </>
            ),
          },
          ...(isAdmin
            ? [
                {
                  name: t('act'),
                  cell: (target: Target) => (
                    <span class="actions">
                      <button
                        type="button"
                        class="button small"
                        aria-disabled={sending.isSending}
                        aria-label={t(target.isPaused ? 'resumeNamed' : 'pauseNamed', { url: target.url })}
                        onClick={() => turn(target)}
                      >
                        {t(target.isPaused ? 'resume' : 'pause')}
                      </button>
                      <button
                        type="button"
                        class="button small"
                        aria-label={t('newSecretNamed', { url: target.url })}
                        onClick={() => setAsked(target)}
                      >
                        {t('newSecret')}
                      </button>
                    </span>
                  ),
                },
              ]
            : []),
        ]}
      />
      {asked !== null && (
        <Confirm
          title={`${t('newSecret')}: ${asked.url}`}
          text={words('rotateTargetSecretText')}
          verb={t('newSecret')}
          onConfirm={() => rotate(asked)}
          onCancel={() => setAsked(null)}
        />
      )}
      {shown !== null && <ShownOnce webhook={shown} title={t('newSecret')} onDone={() => setShown(null)} />}
    </section>
  );
}

/** Why the service itself switched a target off, in words. */
export function useOffReason(): (reason: string) => string {
  const t = useMessages(targetsMessages);
  return (reason) => (`off_${reason}` in targetsMessages ? t(`off_${reason}` as 'off_gone') : reason);
}
