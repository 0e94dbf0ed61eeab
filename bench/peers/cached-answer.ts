/** The question and answer of the cached rows, so that every variant sends the same bytes. */
export const path = '/api/v1/geocoding/geocode';
export const token = 'the-token-of-the-benchmark';

export function requestHeaders(tenant: string): Readonly<Record<string, string>> {
  return {
    authorization: `Bearer ${token}`,
    'x-management-company-id': tenant,
    'content-type': 'application/json',
  };
}

export const requestBody = JSON.stringify({ address: 'Ташкент, улица Навои, 5' });

/** A usual length: 1.1 KB. */
export const answerBody = JSON.stringify({
  latitude: 41.3194,
  longitude: 69.2484,
  formatted_address: 'улица Алишера Навои 5, Ташкент, 100011, Узбекистан',
  confidence: 1,
  location_type: 'ROOFTOP',
  address_components: Array.from({ length: 6 }, (_, index) => ({
    long_name: `Часть адреса ${index}`,
    short_name: `Часть ${index}`,
    types: ['political', `administrative_area_level_${index}`],
  })),
  components: { street: 'улица Навои', house_number: '5', city: 'Ташкент', country: 'Узбекистан', country_code: 'UZ' },
  place_id: 'ChIJbench',
  partial_match: false,
  provider: 'google_maps',
  cached: true,
  attempted_providers: ['google_maps'],
  response_time_ms: 100,
});
