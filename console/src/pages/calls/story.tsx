/** What `GET /calls/{request_id}` adds to the log: cache, waits, breaker, limits, events. */
import { useQuery } from '../../api/use-query.ts';
import { useMessages } from '../../i18n/messages.ts';
import { BodyView } from '../../parts/json-view.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { callsMessages } from './messages.ts';

type CallStory = Readonly<Record<string, unknown>>;

export function Story({ id, hasLogs }: { id: string; hasLogs: boolean }) {
  const t = useMessages(callsMessages);
  const query = useQuery(id.startsWith('log:') ? null : `story:${id}`, (api, signal) =>
    api.get<CallStory>(`/calls/${encodeURIComponent(id)}`, {}, signal),
  );
  if (id.startsWith('log:')) return null;
  if (query.error?.status === 404) return <p class="muted">{hasLogs ? t('storyMissing') : t('noSuchCall')}</p>;
  return (
    <QueryView query={query}>
      {(story) => (
        <section class="panel" aria-label={t('story')}>
          <h2>{t('story')}</h2>
          <BodyView value={story} label={t('story')} />
        </section>
      )}
    </QueryView>
  );
}
