/** The additions of `GET /calls/{request_id}` to the log: the call's steps on one time axis. */
import type { CallStory } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { useMessages } from '../../i18n/messages.ts';
import { BodyView } from '../../parts/json-view.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { callsMessages } from './messages.ts';
import { Waterfall } from './waterfall.tsx';
import { waterfallMessages } from './waterfall-messages.ts';

export function Story({ id, otherId, hasLogs }: { id: string; otherId: string | null; hasLogs: boolean }) {
  const t = useMessages(callsMessages);
  const steps = useMessages(waterfallMessages);
  const query = useQuery(id.startsWith('log:') ? null : `story:${id}`, (api, signal) =>
    api.get<CallStory>(`/calls/${encodeURIComponent(id)}`, {}, signal),
  );
  const other = useQuery(otherId === null ? null : `story:${otherId}`, (api, signal) =>
    api.get<CallStory>(`/calls/${encodeURIComponent(otherId ?? '')}`, {}, signal),
  );
  if (id.startsWith('log:')) return null;
  if (query.error?.status === 404) return <p class="muted">{hasLogs ? t('storyMissing') : t('noSuchCall')}</p>;
  return (
    <QueryView query={query}>
      {(story) => (
        <section class="panel" aria-label={steps('titleOf', { id })}>
          <h2>{steps('title')}</h2>
          <Waterfall
            story={story}
            axisMs={Math.max(story.duration_ms, other.data?.duration_ms ?? 0, 1)}
            others={other.data?.steps ?? null}
          />
          <details>
            <summary>{t('story')}</summary>
            <BodyView value={story} label={steps('whole', { id })} />
          </details>
        </section>
      )}
    </QueryView>
  );
}
