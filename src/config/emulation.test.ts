import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './config.ts';
import { emulatesOf } from './emulation.ts';

const real = { DATABASE_URL: 'postgres://u:p@h/d' };
const key = '{"client_email":"a@b","private_key":"x"}';

function emulates(env: Record<string, string>) {
  return emulatesOf(parseConfig(env, () => key));
}

test('EMULATOR=auto emulates only without credentials and without a database of its own', () => {
  assert.equal(emulates({}), 'keyless');
  assert.equal(emulates(real), 'none');
  for (const [name, value] of [
    ['GOOGLE_MAPS_API_KEY', 'k'],
    ['YANDEX_MAPS_API_KEY', 'k'],
    ['TWO_GIS_API_KEY', 'k'],
    ['GOOGLE_SHEETS_CREDENTIALS_PATH', '/key.json'],
    ['NOMINATIM_BASE_URL', 'https://osm.example'],
  ] as const) {
    assert.equal(emulates({ [name]: value }), 'none', name);
    assert.equal(emulates({ [name]: value, EMULATOR: 'on' }), 'all', name);
  }
});

test('EMULATOR=on and EMULATOR=off apply whatever else is set', () => {
  assert.equal(emulates({ ...real, EMULATOR: 'on' }), 'all');
  assert.equal(emulates({ EMULATOR: 'off' }), 'none');
});
