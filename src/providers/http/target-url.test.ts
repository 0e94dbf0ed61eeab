import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { faultOfPath, targetUrl, withoutParameter } from './target-url.ts';

const base = 'https://api.example/v1/tenants';

test('a plain path is sent unchanged', () => {
  for (const [path, query, expected] of [
    ['', '', `${base}`],
    ['a/b', 'x=1&x=2', `${base}/a/b?x=1&x=2`],
    ['a%2Fb/%D1%83', 'q=%20+', `${base}/a%2Fb/%D1%83?q=%20+`],
    ['a/', '', `${base}/a/`],
    ['/evil.example', '', `${base}//evil.example`],
    ['http://evil.example/', '', `${base}/http://evil.example/`],
    ['@evil.example', '', `${base}/@evil.example`],
    ['..a/a../...', '', `${base}/..a/a../...`],
    ['100%25', '', `${base}/100%25`],
  ] as const) {
    assert.equal(targetUrl(base, path, query), expected);
  }
  assert.equal(targetUrl('https://api.example', 'x', ''), 'https://api.example/x');
  assert.equal(targetUrl(`${base}/`, '', ''), `${base}/`);
});

test('whatever spelling of dots, slashes and percent signs: it is refused or stays below the base URL', () => {
  const piece = fc.constantFrom(
    '..',
    '.',
    '/',
    '\\',
    '%2e',
    '%2E',
    '%2f',
    '%5c',
    '%252e',
    '%252f',
    '%25252e',
    ';',
    '%3b',
    'a',
    '%20',
    '%00',
    '%',
    '?',
    '#',
    '%09',
    '%c0%ae',
    '@',
    ':',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
      const path = pieces.join('');
      if (faultOfPath(path) !== null) {
        assert.throws(() => targetUrl(base, path, ''), RangeError);
        return;
      }
      // All ways in which servers may read it: decoded once, twice, with backslashes as slashes.
      let read = targetUrl(base, path, '');
      for (let time = 0; time < 3; time += 1) {
        const { origin, pathname } = new URL(read.replaceAll('\\', '/'));
        assert.equal(origin, 'https://api.example', path);
        assert.ok(pathname === '/v1/tenants' || pathname.startsWith('/v1/tenants/'), `${path} → ${pathname}`);
        read = `https://api.example${unescape(pathname).replaceAll(/[?#]/g, '_')}`;
      }
    }),
    { numRuns: 5_000 },
  );
});

test('a parameter is taken out under every spelling of its name, and the rest stays as it was', () => {
  assert.equal(withoutParameter('a=1&key=x&%6bey=y&key&b=%2B+', 'key'), 'a=1&b=%2B+');
  assert.equal(withoutParameter('%zz=1&Key=2', 'key'), '%zz=1&Key=2');
  assert.equal(withoutParameter('', 'key'), '');
});
