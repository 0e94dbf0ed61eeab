import { useEffect, useRef, useState } from 'preact/hooks';
import type { Budget } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { everyService } from '../../api/whole-lists.ts';
import { useApi } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { sameValue } from '../../parts/forms/differences.ts';
import { BothVersions, useDraft } from '../../parts/forms/draft.tsx';
import { FormFault, SelectField, TextField, useSending } from '../../parts/forms/form.tsx';
import { DataTable } from '../../parts/lists/data-table.tsx';
import { Meter } from '../../parts/lists/window-table.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Status } from '../../parts/status.tsx';
import { useToast } from '../../parts/toast.tsx';
import { costsMessages } from './messages.ts';

export function Budgets({ services }: { services: readonly string[] }) {
  const t = useMessages(costsMessages);
  const api = useApi();
  const formats = useFormats();
  const say = useToast();
  const query = useQuery('budgets', (asked, signal) =>
    asked.get<{ budgets: readonly Budget[] }>('/budgets', {}, signal),
  );
  const registered = useQuery('services', everyService);
  const [edited, setEdited] = useState<Budget | null>(null);
  const [removing, setRemoving] = useState<string | null>(null);
  const sending = useSending();
  const nameOf = useBudgetName();
  const remove = (name: string): void => {
    setRemoving(null);
    void sending.run(async () => {
      await api.send('DELETE', `/budgets/${encodeURIComponent(name)}`);
      query.reload(({ budgets }) => ({ budgets: budgets.filter(({ service_name }) => service_name !== name) }));
      say(t('removed', { name: nameOf(name) }));
    });
  };
  const names = [
    ...new Set([...services, ...(registered.data?.services ?? []).map(({ service_name }) => service_name)]),
  ];
  return (
    <section class="panel" aria-label={t('budgets')}>
      <h2>{t('budgets')}</h2>
      <FormFault error={sending.error} />
      <QueryView query={query}>
        {({ budgets }) => (
          <DataTable<Budget>
            caption={t('budgets')}
            rows={budgets}
            keyOf={({ service_name }) => service_name}
            empty={t('noBudgets')}
            columns={[
              {
                name: t('service'),
                cell: ({ service_name }) => (service_name === '*' ? t('all') : <Foreign text={service_name} />),
              },
              {
                name: t('used'),
                cell: ({ spent_usd, monthly_limit_usd }) => (
                  <span class="use">
                    <Meter used={spent_usd} most={monthly_limit_usd} />
                    <span class="tabular">
                      {t('of', { spent: formats.usd(spent_usd), most: formats.usd(monthly_limit_usd) })}
                    </span>
                    {spent_usd >= monthly_limit_usd && <Status status="over_budget" />}
                  </span>
                ),
              },
              { name: t('whenReached'), cell: ({ action }) => t(action) },
              { name: t('resets'), isExtra: true, cell: ({ resets_at }) => formats.day(resets_at) },
              {
                name: t('act'),
                cell: (budget) => (
                  <span class="actions">
                    <button
                      type="button"
                      class="button small"
                      aria-label={t('editNamed', { name: nameOf(budget.service_name) })}
                      onClick={() => setEdited(budget)}
                    >
                      {t('edit')}
                    </button>
                    <button
                      type="button"
                      class="button small"
                      aria-label={t('removeNamed', { name: nameOf(budget.service_name) })}
                      onClick={() => setRemoving(budget.service_name)}
                    >
                      {t('remove')}
                    </button>
                  </span>
                ),
              },
            ]}
          />
        )}
      </QueryView>
      <BudgetForm
        key={edited?.service_name}
        edited={edited}
        names={names}
        onSaved={(saved) => {
          setEdited(null);
          query.reload(({ budgets }) => {
            const others = budgets.filter(({ service_name }) => service_name !== saved.service_name);
            return { budgets: [...others, saved].sort((a, b) => (a.service_name < b.service_name ? -1 : 1)) };
          });
        }}
      />
      {removing !== null && (
        <Confirm
          title={t('removeTitle', { name: nameOf(removing) })}
          text={t('removeText')}
          verb={t('remove')}
          onConfirm={() => remove(removing)}
          onCancel={() => setRemoving(null)}
        />
      )}
    </section>
  );
}

/** `*` is the budget of all services together. */
function useBudgetName(): (name: string) => string {
  const t = useMessages(costsMessages);
  return (name) => (name === '*' ? t('ofAll') : name);
}

interface BudgetFormProps {
  readonly edited: Budget | null;
  readonly names: readonly string[];
  readonly onSaved: (saved: Budget) => void;
}

interface Draft {
  readonly name: string;
  readonly limit: string;
  readonly action: string;
}

const emptyDraft: Draft = { name: '*', limit: '', action: 'alert' };

function draftOf({ service_name, monthly_limit_usd, action }: Budget): Draft {
  return { name: service_name, limit: String(monthly_limit_usd), action };
}

function BudgetForm({ edited, names, onSaved }: BudgetFormProps) {
  const t = useMessages(costsMessages);
  const api = useApi();
  const say = useToast();
  const nameOf = useBudgetName();
  const current = useQuery(edited === null ? null : `budget:${edited.service_name}`, async (asked, signal) => {
    const path = `/budgets/${encodeURIComponent(edited?.service_name ?? '')}`;
    const { body, headers } = await asked.ask<Budget>('GET', path, { signal });
    return { budget: body, etag: headers.get('etag') };
  });
  const budget = current.data?.budget ?? edited;
  const drafting = useDraft<Draft>({
    loaded: budget === null ? emptyDraft : draftOf(budget),
    etag: current.data?.etag ?? null,
    onReload: current.reload,
  });
  const { draft, base, theirs, sending, set } = drafting;
  const { name, limit, action } = draft;
  const isChanged = !sameValue(draft, base);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (edited !== null) form.current?.querySelector('input')?.focus();
  }, [edited]);
  const submit = (event: Event): void => {
    event.preventDefault();
    void drafting.save(async (version) => {
      const amount = Number(limit.replace(',', '.'));
      const saved = await api.send<Budget>(
        'PUT',
        `/budgets/${encodeURIComponent(name)}`,
        { monthly_limit_usd: Number.isNaN(amount) ? limit : amount, action },
        // Another name is another budget.
        version === null || name !== base.name ? {} : { 'if-match': version },
      );
      set({ limit: '' });
      onSaved(saved);
      say(t('saved2', { name: nameOf(name) }));
    });
  };
  return (
    <form class="form spaced" onSubmit={submit} ref={form}>
      <h3>{edited === null ? t('newBudget') : t('editNamed', { name: nameOf(edited.service_name) })}</h3>
      <BothVersions drafting={drafting} shownOf={(one) => ({ ...one })} />
      <FormFault error={sending.error} fields={['monthly_limit_usd', 'action']} />
      <div class="form-grid">
        <SelectField
          label={t('service')}
          value={name}
          onInput={(chosen) => set({ name: chosen })}
          options={[{ value: '*', name: t('all') }, ...names.map((value) => ({ value, name: value }))]}
        />
        <TextField
          label={t('limit')}
          type="number"
          value={limit}
          onInput={(typed) => set({ limit: typed })}
          isRequired
          fault={sending.faultOf('monthly_limit_usd')}
        />
        <SelectField
          label={t('action')}
          value={action}
          onInput={(chosen) => set({ action: chosen })}
          options={[
            { value: 'alert', name: t('alert') },
            { value: 'block', name: t('block') },
          ]}
        />
      </div>
      <div class="actions">
        <button type="submit" class="button primary" aria-disabled={sending.isSending || theirs !== null || !isChanged}>
          {t('save')}
        </button>
      </div>
    </form>
  );
}
