import { Api, readSession } from '../../api/client.ts';
import { apiFilter } from './filters.ts';

export async function downloadExport(query: URLSearchParams): Promise<void> {
  const api = new Api(await readSession(), () => undefined);
  const reply = await api.fetch('GET', '/logs/export', { query: apiFilter(query) });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await reply.blob());
  link.download = 'calls.ndjson';
  link.click();
  URL.revokeObjectURL(link.href);
}
