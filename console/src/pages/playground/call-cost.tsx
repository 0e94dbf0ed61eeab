import type { CallStory } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { useFormats } from '../../i18n/language.tsx';

/** The cost of a call as the service counts it; a dash if it does not report it. */
export function CallCost({ requestId }: { requestId: string | null }) {
  const formats = useFormats();
  const { data, isOld } = useQuery(requestId === null ? null : `cost:${requestId}`, (api, signal) =>
    api.get<CallStory>(`/calls/${encodeURIComponent(requestId ?? '')}`, {}, signal),
  );
  return <>{requestId === null || data === null || isOld ? '–' : formats.usd(data.estimated_cost)}</>;
}
