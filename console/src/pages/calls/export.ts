import type { Api } from '../../api/client.ts';
import { apiFilter } from './filters.ts';

/** Throws `ApiError` if the service refuses, because an error is not an export. */
export async function downloadExport(api: Api, query: URLSearchParams): Promise<void> {
  const reply = await api.fetch('GET', '/logs/export', { query: apiFilter(query), hasDeadline: false });
  if (!reply.ok) throw api.problem(reply, await reply.json().catch(() => ({})));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await reply.blob());
  link.download = 'calls.ndjson';
  link.click();
  URL.revokeObjectURL(link.href);
}
