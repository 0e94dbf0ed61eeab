import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../config/config.ts';
import { operatorEndpoints } from './environment-providers.ts';

test('an override of a provider’s address may be reached without being allowed a second time', () => {
  const key = JSON.stringify({ client_email: 'a@b', private_key: 'k', token_uri: 'http://127.0.0.1:9001/token' });
  const config = parseConfig(
    {
      GOOGLE_MAPS_BASE_URL: 'http://127.0.0.1:9000/maps/api',
      YANDEX_MAPS_BASE_URL: 'https://geocoder.internal',
      GOOGLE_SHEETS_CREDENTIALS_PATH: 'key.json',
    },
    () => key,
  );
  assert.deepEqual(operatorEndpoints(config).sort(), ['127.0.0.1:9000', '127.0.0.1:9001', 'geocoder.internal:443']);
});

test('providers at their own addresses open nothing', () => {
  assert.deepEqual(operatorEndpoints(parseConfig({})), []);
});
