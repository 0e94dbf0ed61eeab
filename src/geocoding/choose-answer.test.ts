import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePlace } from '../../test/support/call-executor.ts';
import { plainQuestion } from '../../test/support/plain-question.ts';
import { chooseAnswer } from './choose-answer.ts';

const input = { address: 'Ташкент, улица Мира, 5', language: 'ru', country: 'UZ', ...plainQuestion };
const sample = samplePlace();
const house = (house_number: string | null, confidence = 0.95) =>
  samplePlace({ confidence, components: { ...sample.components, house_number } });

test('where a house was asked for the answer with that house is taken, and of equals the first', () => {
  const chosen = chooseAnswer({ ...house(null, 0.6), others: [house('6'), house('5'), house('5', 0.9)] }, input);
  assert.equal(chosen.components.house_number, '5');
  assert.equal(chosen.confidence, 0.95);
  assert.deepEqual(chosen.match, { city: 'exact', street: 'exact', house_number: 'exact' });
  assert.deepEqual(chosen.others, []);
});

test('where none was asked for the vendor’s first is taken, however sure another is', () => {
  const street = { ...input, address: 'Ташкент, улица Мира' };
  const chosen = chooseAnswer({ ...house(null, 0.6), others: [house('5')] }, street);
  assert.equal(chosen.confidence, 0.6);
});

test('further answers are given as far as they were asked for, each compared with the question', () => {
  const chosen = chooseAnswer({ ...house('6'), others: [house('5'), house('7')] }, { ...input, limit: 2 });
  assert.deepEqual(
    chosen.others?.map(({ components, match, confidence }) => [
      components.house_number,
      match?.house_number,
      confidence,
    ]),
    [['6', 'differs', 0.45]],
  );
});

test('an address in parts is compared by its parts', () => {
  const parts = { city: 'Самарканд', street: 'Мира', house_number: '5' };
  const chosen = chooseAnswer(house('5'), { ...input, parts });
  assert.deepEqual(chosen.match, { city: 'differs', street: 'exact', house_number: 'exact' });
  assert.ok(chosen.confidence < 0.5);
});
