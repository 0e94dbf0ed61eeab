/** Recent configuration changes: listed here, and marked in the charts. */
import type { LatestChange } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { hrefOf } from '../../app/location.tsx';
import { useIsAdmin } from '../../app/session.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { Time } from '../../parts/time.tsx';
import { overviewMessages } from './messages.ts';

const shown = 6;
const uuid = /^[0-9a-f]{8}-/;

/** Newest first; null for users who may not see them. */
export function useChanges(): readonly LatestChange[] | null {
  const isAdmin = useIsAdmin();
  const { data } = useQuery(
    isAdmin ? 'changes' : null,
    (api, signal) => api.get<{ changes: readonly LatestChange[] }>('/changes', { limit: 200 }, signal),
    { refreshMs: 60_000 },
  );
  return data?.changes ?? null;
}

export function ChangedLately({ changes }: { changes: readonly LatestChange[] | null }) {
  const t = useMessages(overviewMessages);
  if (changes === null || changes.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="changed-lately">
      <h2 id="changed-lately">{t('changedLately')}</h2>
      <ul class="changes">
        {changes.slice(0, shown).map((change) => (
          <li key={change.id}>
            <span class="muted">
              <Time iso={change.changed_at} />
            </span>
            <span>
              <span class="muted">{t(entityOf(change.entity))}</span> <Changed change={change} />{' '}
              {t(`action_${change.action}` as 'action_created')}
            </span>
            <span class="muted">
              <Foreign text={change.changed_by ?? '–'} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Changed({ change: { entity, entity_id: id, name, action } }: { change: LatestChange }) {
  const href = action === 'deleted' ? null : pageOf(entity, id);
  const text = <Foreign text={name ?? (uuid.test(id) ? id.slice(0, 8) : id)} />;
  return href === null ? text : <a href={href}>{text}</a>;
}

function pageOf(entity: string, id: string): string | null {
  if (entity === 'service' || entity === 'webhook') return hrefOf(`/${entity}s/${id}`);
  return entity === 'token' ? hrefOf('/tokens') : entity === 'budget' ? hrefOf('/costs') : null;
}

function entityOf(entity: string): keyof typeof overviewMessages {
  const name = `entity_${entity}`;
  return name in overviewMessages ? (name as keyof typeof overviewMessages) : 'entity_other';
}
