import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SealBroken } from '../secrets/keyring.ts';
import { destinationsOf, openedFor, withDestinations } from './destination.ts';

const service = (baseUrl: string | null, config = {}) =>
  destinationsOf({ serviceName: 'api', serviceType: 'api', baseUrl, config });

test('a secret sealed for destinations opens for them or a part of them, and for no other', () => {
  const sealed = withDestinations('key\nwith a line', ['https://a.example', 'https://auth.example/token']);
  assert.equal(openedFor(sealed, ['https://a.example']), 'key\nwith a line');
  assert.throws(() => openedFor(sealed, ['https://b.example']), SealBroken);
  assert.equal(openedFor('of an older version', ['https://b.example']), 'of an older version');
});

test('spellings of one origin are one destination; another port or scheme is another', () => {
  assert.deepEqual(service('HTTPS://A.example:443/v1'), service('https://a.example/v2/'));
  assert.notDeepEqual(service('https://a.example:8443'), service('https://a.example'));
  assert.notDeepEqual(service('http://a.example'), service('https://a.example'));
  assert.notDeepEqual(service(null), service(null, { adapter: 'google_maps' }));
});
