/** Numbers, money and times in the reader's format, and a link that shows a colleague the same calls. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFormats } from './src/i18n/formats.ts';
import { apiFilter } from './src/pages/calls/filters.ts';
import { changesOf, draftOf, emptyDraft } from './src/pages/services/draft.ts';
import { deliveryCurl, presetsOf } from './src/pages/webhooks/presets.ts';
import { yamlOf } from './src/parts/forms/curl.ts';

/** Intl uses several kinds of spaces between groups of digits. */
const plain = (text: string): string => text.replaceAll(/[\u00a0\u202f]/g, ' ');

test('numbers, money, shares and sizes use the language’s format', () => {
  const [en, ru] = [createFormats('en'), createFormats('ru')];
  assert.equal(en.number(1234.5), '1,234.5');
  assert.equal(plain(ru.number(1_234_567.5)), '1 234 567,5');
  assert.equal(plain(ru.usd(1234.5)), '1 234,50 $');
  assert.equal(en.usd(0.005), '$0.005');
  assert.equal(plain(ru.percent(0.123)), '12,3 %');
  assert.equal(plain(ru.bytes(3_100_000)), '3,1 МБ');
  assert.equal(plain(en.bytes(315)), '315 B');
  for (const text of [ru.bytes(315), en.bytes(315), ru.duration(8), ru.duration(1_800)]) {
    assert.doesNotMatch(text, / /, 'a number and its unit may not be torn apart');
  }
  assert.equal(plain(ru.relative('2026-11-28T12:00:00Z', Date.parse('2026-11-28T12:03:00Z'))), '3 мин. назад');
  const [sunday, tuesday] = ['2026-11-29T20:00:00Z', '2026-12-01T01:00:00Z'];
  assert.deepEqual(
    [en.relative(sunday, Date.parse(tuesday)), en.relative(tuesday, Date.parse(sunday))],
    ['1 day ago', 'in 1 day'],
    'Sunday is not yesterday on a Tuesday',
  );
  assert.deepEqual(
    [en.relative(sunday, Date.parse(sunday)), ru.relative(sunday, Date.parse(sunday))],
    ['now', 'сейчас'],
  );
  assert.equal(en.utc('2026-11-28T12:00:05.000Z'), '28 Nov 2026, 12:00:05 UTC');
  assert.equal(en.time('no time'), 'no time');
});

test('a time includes its date if it is not today', () => {
  const en = createFormats('en');
  const today = new Date().toISOString();
  assert.match(en.time('2026-01-02T12:30:05.123Z'), /^2 Jan, \d\d:30:05$/);
  assert.match(en.timeMs('2026-01-02T12:30:05.123Z'), /^2 Jan, \d\d:30:05\.123$/);
  assert.match(en.timeMs(today), /^\d\d:\d\d:\d\d\.\d{3}$/);
});

test('a relative range is computed at each request, and a range of instants stays', () => {
  const now = Date.parse('2026-11-28T12:00:00Z');
  assert.deepEqual(apiFilter(new URLSearchParams('status=error&range=1h'), now), {
    status: 'error',
    from_date: '2026-11-28T11:00:00.000Z',
  });
  assert.deepEqual(apiFilter(new URLSearchParams('from=2026-11-28T00:00:00.000Z&range=1h'), now), {
    from_date: '2026-11-28T00:00:00.000Z',
  });
});

test('saving sends changed members, and null for a removed member of the configuration', () => {
  const before = { ...emptyDraft, service_name: 'a', config: '{"adapter":"http","timeout_seconds":5}', tags: 'x' };
  assert.deepEqual(changesOf(before, before), {});
  const after = { ...before, config: '{"adapter":"http"}', rate_limit_per_minute: '1 000', tags: 'x, y' };
  assert.deepEqual(changesOf(before, after), {
    config: { timeout_seconds: null },
    rate_limit_per_minute: 1_000,
    tags: ['x', 'y'],
  });
  assert.equal(typeof draftOf, 'function');
});

test('a delivery to paste is signed by its scheme, and samples of every form are read', () => {
  assert.match(
    deliveryCurl('http://x/hooks/t', 'github', null, "it's"),
    /X-Hub-Signature-256: sha256=\$\(printf .*-hmac 'it'\\''s' -r/,
  );
  assert.match(deliveryCurl('http://x/hooks/t', 'timestamped_hmac', 'X-Own', 's'), /X-Own: t=\$T,v1=/);
  const sample = { content_type: 'text/plain', headers: { 'x-request-id': '1', 'x-a': 'b' }, body: "it's" };
  const [custom, github] = presetsOf([
    { ...sourceOf('github'), sample },
    { ...sourceOf('custom'), sample },
  ]);
  assert.equal(custom?.name, 'custom');
  const curl = deliveryCurl('http://x/hooks/t', 'github', null, 's', github?.sample);
  assert.ok(curl.includes(`BODY='it'\\''s'`), curl);
  assert.match(curl, /-H "x-request-id: \$ID"/);
  assert.equal(yamlOf({ a: [1, { b: 'x' }], c: {} }).trimStart(), 'a:\n  - 1\n  - b: "x"\nc: {}');
});

function sourceOf(name: string) {
  return {
    source_service: name,
    title: name,
    signature_scheme: 'github',
    set_up: '',
    documentation_url: null,
    secret_from: 'us',
  } as const;
}
