import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTenantId } from '../ids.ts';
import { AskedQuestion, type CachedAnswer, decodeAnswer, encodeAnswer, identityOf } from './cached-answer.ts';
import { createMemoryLayer } from './memory-layer.ts';
import { createMatcher } from './selector.ts';

const tenantId = parseTenantId('uk_one');

function answerOf(question: string, bytes = 10, overrides: Partial<CachedAnswer> = {}): CachedAnswer {
  const asked = { tenantId, group: 'geocoding', operation: 'geocode', question, scope: null, detail: null };
  return {
    ...asked,
    cacheKey: new AskedQuestion(asked).cacheKey,
    kind: 'good',
    serviceId: null,
    serviceName: 'google_maps',
    body: Buffer.alloc(bytes, '7'),
    fetchedAtMs: 1,
    freshUntilMs: 2,
    staleUntilMs: 3,
    refreshUntilMs: 2,
    keptUntilMs: 3,
    costUsd: 0,
    epochs: null,
    ...overrides,
  };
}

test('at the bound of entries the oldest that was not used lately goes', () => {
  let evicted = 0;
  const memory = createMemoryLayer({
    maxEntries: 3,
    maxBytes: 1e9,
    onEvicted() {
      evicted += 1;
    },
  });
  const answers = ['a', 'b', 'c', 'd'].map((question) => answerOf(question));
  for (const answer of answers.slice(0, 3)) memory.put(answer, 10);
  memory.find(identityOf(answers[0] as CachedAnswer));

  memory.put(answers[3] as CachedAnswer, 10);

  assert.deepEqual(
    answers.map((answer) => memory.find(identityOf(answer)) !== undefined),
    [true, false, true, true],
  );
  assert.equal(evicted, 1);
});

test('bytes stay within their bound, and one giant does not push everything else out', () => {
  const memory = createMemoryLayer({ maxEntries: 1e6, maxBytes: 100_000 });
  for (let index = 0; index < 1_000; index += 1) {
    memory.put(answerOf(`q${index}`, 1_000), 10);
    assert.ok(memory.sizeBytes() <= 100_000);
  }
  const before = [...memory.entries()].length;

  memory.put(answerOf('giant', 50_000), 10);

  assert.ok(before > 10);
  assert.equal([...memory.entries()].length, before);
});

test('an answer holds its own bytes alone, and not the block that they came in', () => {
  const memory = createMemoryLayer({ maxEntries: 1e6, maxBytes: 1e9 });
  const block = Buffer.alloc(65_536, '7');
  for (let index = 0; index < 10; index += 1) {
    memory.put(answerOf(`q${index}`, 0, { body: block.subarray(index * 100, index * 100 + 50 + index) }), 10);
  }

  const bodies = [...memory.entries()].map(({ answer }) => answer.body);
  assert.deepEqual(
    bodies.map(String),
    Array.from({ length: 10 }, (_, index) => '7'.repeat(50 + index)),
  );
  assert.deepEqual(
    bodies.map(({ buffer }) => buffer.byteLength),
    bodies.map(({ byteLength }) => byteLength),
  );
});

test('replacing and removing give back what they took', () => {
  const memory = createMemoryLayer({ maxEntries: 10, maxBytes: 1e9 });
  for (let round = 0; round < 5; round += 1) memory.put(answerOf('same', 100, { scope: 's:1' }), 10);

  assert.equal(memory.remove(tenantId, 's:1', () => true).length, 1);
  assert.equal(memory.sizeBytes(), 0);
});

test('an answer survives being stored and read, and invalid bytes are not an answer', () => {
  const answer = answerOf('a', 20, { epochs: { tenant: 3, scope: 0 } });
  const asked = new AskedQuestion(answer);

  assert.deepEqual(decodeAnswer(asked, encodeAnswer(answer)), answer);
  for (const rubbish of ['', 'abc', '\u0004\u0000\u0000\u0000nope', '\u00ff\u00ff\u00ff\u007f{}']) {
    assert.equal(decodeAnswer(asked, Buffer.from(rubbish, 'latin1')), null);
  }
});

test('equal questions of two tenants have different keys', () => {
  const answer = answerOf('a');
  const ofAnother = new AskedQuestion({ ...answer, tenantId: parseTenantId('uk_two') });
  assert.notEqual(new AskedQuestion(answer).cacheKey, ofAnother.cacheKey);
});

test('patterns match by the service’s name and by the family’s, and stars stand for anything', () => {
  const matcherOf = createMatcher({});
  const answer = answerOf('a');
  for (const [pattern, matches] of Object.entries({
    '*': true,
    'geocoding:geocode:*': true,
    'google_maps:geocode:*': true,
    '*:geocode:*': true,
    'google*': true,
    [answer.cacheKey]: true,
    'yandex_maps:*': false,
    'geocoding:reverse:*': false,
    'geocoding:geocode': false,
    '': false,
    'googleXmaps:*': false,
  })) {
    assert.equal(matcherOf({ pattern })(answer), matches, pattern);
  }
});

test('a hostile pattern is matched in no time', () => {
  const pattern = `${'*a'.repeat(10_000)}b`;
  assert.equal(createMatcher({})({ pattern })(answerOf('a')), false);
});
