/** Invalidating cached answers: the number and the cost of refilling are shown before it is done. */
import { useState } from 'preact/hooks';
import type { CacheStats } from '../../api/types.ts';
import { useApi, useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { FormFault, TextField, useSending } from '../../parts/forms/form.tsx';
import { useToast } from '../../parts/toast.tsx';
import { cacheMessages } from './messages.ts';
import { matching, type Prices, refill, rowsOf } from './refill.ts';

interface Asked {
  readonly name: string;
  readonly body: Record<string, unknown>;
  readonly count: number;
  readonly costUsd: number;
}

export function useInvalidation(onChanged: () => void) {
  const t = useMessages(cacheMessages);
  const api = useApi();
  const say = useToast();
  const sending = useSending();
  const formats = useFormats();
  const [asked, setAsked] = useState<Asked | null>(null);
  const confirm = (): void => {
    const body = asked?.body ?? {};
    setAsked(null);
    void sending.run(async () => {
      const { invalidated_count } = await api.send<{ invalidated_count: number }>('POST', '/cache/invalidate', body);
      onChanged();
      say(t('gone', { count: invalidated_count }));
    });
  };
  return {
    error: sending.error,
    ask: setAsked,
    dialog:
      asked === null ? null : (
        <Confirm
          title={t('confirmTitle', { name: asked.name })}
          text={`${t('wouldGoNow', { count: asked.count })} ${t('confirmText', { cost: formats.usd(asked.costUsd) })}`}
          verb={t('letGoCount', { count: asked.count })}
          onConfirm={confirm}
          onCancel={() => setAsked(null)}
        />
      ),
  };
}

interface InvalidateProps {
  /** null: still loading. */
  readonly stats: CacheStats | null;
  readonly prices: Prices;
  readonly onChanged: () => void;
}

/** Shows how many answers the pattern matches before the button works. */
export function Invalidate({ stats, prices, onChanged }: InvalidateProps) {
  const t = useMessages(cacheMessages);
  const formats = useFormats();
  const isAdmin = useIsAdmin();
  const [pattern, setPattern] = useState('');
  const [reason, setReason] = useState('');
  const invalidation = useInvalidation(onChanged);
  if (!isAdmin) return null;
  const { count, costUsd } = refill(stats === null || pattern === '' ? [] : matching(rowsOf(stats), pattern), prices);
  return (
    <section class="panel" aria-label={t('invalidate')}>
      <h2>{t('invalidate')}</h2>
      <FormFault error={invalidation.error} fields={['pattern', 'reason']} />
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          const body = { pattern, ...(reason === '' ? {} : { reason }) };
          invalidation.ask({ name: pattern, body, count, costUsd });
        }}
      >
        <div class="form-grid">
          <TextField label={t('pattern')} hint={t('patternHint')} value={pattern} onInput={setPattern} isRequired />
          <TextField label={t('reason')} hint={t('reasonHint')} value={reason} onInput={setReason} />
        </div>
        <div class="actions">
          <button type="submit" class="button danger" aria-disabled={pattern === ''}>
            {pattern === '' ? t('letGo') : t('letGoCount', { count })}
          </button>
          {pattern !== '' && <span class="muted">{t('wouldGo', { count, cost: formats.usd(costUsd) })}</span>}
        </div>
      </form>
      {invalidation.dialog}
    </section>
  );
}
