import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeAuditedBudget,
  describeBudgetRefusal,
  describeRefusal,
  describeSpent,
  isWholeBudgetSpent,
  readRefusal,
  sentenceOf,
} from './refusal-text.ts';

test('the text of a refusal is parsed, for a whole limit and for a share', () => {
  const window = { maxRequests: 60, windowType: 'minute' } as const;
  assert.equal(describeRefusal(window), 'the limit of 60 a minute is spent');
  assert.deepEqual(readRefusal(describeRefusal(window)), { ...window, share: null });
  for (const [because, why] of [
    ['redis_away', 'Redis does not answer'],
    ['redis_returning', 'Redis was away a moment ago'],
  ] as const) {
    const text = describeRefusal({ ...window, share: { maxRequests: 20, usedRequests: 20, because } });
    assert.equal(text, `this replica’s share of 20 of the limit of 60 a minute is spent, because ${why}`);
    assert.deepEqual(readRefusal(text), { ...window, share: { maxRequests: 20, because } });
  }
});

test('texts about a pause or a budget are not parsed as a limit', () => {
  const pause = describeRefusal({ maxRequests: 60, windowType: 'minute', isPause: true });
  assert.equal(pause, 'the provider asked for a pause');
  assert.equal(readRefusal(pause), null);
  assert.equal(readRefusal(describeAuditedBudget('spent')), null);
});

test('a budget is called spent only if it is', () => {
  assert.equal(describeBudgetRefusal('its budget', 'spent'), 'its budget is spent');
  assert.equal(
    describeBudgetRefusal('its budget', 'share_spent'),
    'this replica’s share of its budget is spent, because Redis does not answer',
  );
  assert.equal(describeBudgetRefusal('its budget', 'unknown'), 'what is left of its budget is not known at the moment');
  assert.equal(describeAuditedBudget('spent'), 'the budget of this month is spent');
  assert.equal(isWholeBudgetSpent(describeAuditedBudget('spent')), true);
  for (const reason of ['share_spent', 'unknown'] as const) {
    assert.equal(isWholeBudgetSpent(describeAuditedBudget(reason)), false);
  }
});

test('callers get a sentence', () => {
  assert.equal(sentenceOf(describeSpent('the limit of 5', {})), 'The limit of 5 is spent.');
});
