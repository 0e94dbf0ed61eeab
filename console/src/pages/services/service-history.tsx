import type { Change } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { DataTable } from '../../parts/lists/data-table.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Time } from '../../parts/time.tsx';
import { servicesMessages } from './messages.ts';

const actionNames = { created: 'changedCreated', changed: 'changedChanged', deleted: 'changedDeleted' } as const;

/** Who changed what, and when. */
export function History({ id }: { id: string }) {
  const t = useMessages(servicesMessages);
  const query = useQuery(`history:${id}`, (api, signal) =>
    api.get<{ changes: readonly Change[] }>(`/services/${id}/history`, { limit: 100 }, signal),
  );
  return (
    <section class="panel" aria-label={t('history')}>
      <h2>{t('history')}</h2>
      <QueryView query={query} mayBeMissing>
        {({ changes }) => (
          <DataTable<Change>
            caption={t('history')}
            rows={changes}
            keyOf={(change) => change.id}
            empty={t('noHistory')}
            columns={[
              { name: t('when'), cell: (change) => <Time iso={change.changed_at} withDate /> },
              { name: t('who'), cell: (change) => <Foreign text={change.changed_by} /> },
              {
                name: t('what'),
                cell: (change) => <ChangeText change={change} action={t(actionNames[change.action])} />,
              },
            ]}
          />
        )}
      </QueryView>
    </section>
  );
}

function ChangeText({ change, action }: { change: Change; action: string }) {
  const t = useMessages(servicesMessages);
  const names = Object.keys({ ...change.before, ...change.after }).filter(
    (name) =>
      name !== 'updated_at' &&
      change.action === 'changed' &&
      JSON.stringify(change.before?.[name]) !== JSON.stringify(change.after?.[name]),
  );
  return (
    <span class="change">
      {action}
      {names.map((name) => (
        <span key={name} class="mono">
          {name}: <Foreign text={JSON.stringify(change.before?.[name] ?? null)} /> →{' '}
          <Foreign text={JSON.stringify(change.after?.[name] ?? null)} />
        </span>
      ))}
      {change.changed_secrets.length > 0 && (
        <span class="muted">{t('secretsChanged', { names: change.changed_secrets.join(', ') })}</span>
      )}
    </span>
  );
}
