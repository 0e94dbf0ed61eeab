/** The Playground's address with a recorded call filled in; null if its question is not fully known. */
import type { CallLog } from '../../api/types.ts';
import { hrefOf } from '../../app/location.tsx';

export function againHref(log: CallLog): string | null {
  const body = (typeof log.request_body === 'object' && log.request_body !== null ? log.request_body : {}) as Record<
    string,
    unknown
  >;
  const text = (name: string): string | null =>
    typeof body[name] === 'string' || typeof body[name] === 'number' ? String(body[name]) : null;
  const asked = text('address') ?? text('geocode') ?? text('q') ?? addressIn(log.endpoint);
  switch (log.operation) {
    case 'geocode':
      return hrefOf('/playground', { address: asked });
    case 'reverse':
      return hrefOf('/playground/reverse', { latitude: text('latitude'), longitude: text('longitude') });
    case 'distance':
      return hrefOf('/playground/distance');
    case 'http':
      return hrefOf('/playground/proxy', {
        service: log.service_name,
        method: log.http_method,
        endpoint: log.endpoint,
      });
    case 'sheets_read':
    case 'sheets_append':
      return hrefOf('/playground/sheet', { spreadsheet_id: text('spreadsheet_id'), range: text('range') });
    default:
      return null;
  }
}

function addressIn(endpoint: string | null): string | null {
  const query = new URLSearchParams(endpoint?.split('?')[1] ?? '');
  return query.get('address') ?? query.get('geocode');
}
