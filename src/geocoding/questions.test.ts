import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGeocodeRequest, parseReverseRequest } from './parse-request.ts';
import { distanceDecimals, distanceQuestion, geocodeQuestion, reverseQuestion, roundedPoint } from './questions.ts';

function question(members: Record<string, unknown>): string {
  return geocodeQuestion(parseGeocodeRequest({ address: 'ул. Мира, 5', ...members }));
}

test('spellings of an address are one question', () => {
  assert.equal(question({}), question({ address: 'УЛИЦА МИРА 5', language: 'RU', region: 'uz', provider: 'auto' }));
});

test('another language or country is another question', () => {
  const questions = [question({}), question({ language: 'uz' }), question({ country: 'KZ' })];
  assert.equal(new Set(questions).size, 3);
});

test('an area and a number of answers are part of the question, and parts are what they are named', () => {
  const bounds = { south: 41, west: 69, north: 42, east: 70 };
  const inParts = (components: Record<string, string>) => geocodeQuestion(parseGeocodeRequest({ components }));
  const questions = [
    question({}),
    question({ bounds }),
    question({ bounds: { ...bounds, east: 71 } }),
    question({ limit: 2 }),
    question({ country: 'any' }),
    question({ language: 'uz-Latn' }),
    question({ language: 'uz-Cyrl' }),
    inParts({ city: 'Навои' }),
    inParts({ street: 'Навои' }),
    inParts({ street: 'Навои', house_number: '5' }),
  ];
  assert.equal(new Set(questions).size, questions.length);
  assert.equal(question({ limit: 1 }), question({}));
  assert.equal(inParts({ city: 'Ташкент', street: 'Мира' }), inParts({ street: 'МИРА', city: 'ташкент' }));
});

test('min_confidence is part of the question only where it lengthens the chain', () => {
  assert.equal(question({ min_confidence: 0.3 }), question({}));
  assert.equal(question({ min_confidence: 0.5 }), question({}));
  assert.notEqual(question({ min_confidence: 0.9 }), question({}));
  assert.notEqual(question({ min_confidence: 0.9 }), question({ min_confidence: 0.8 }));
});

test('points within a metre are one question, points two metres apart are not', () => {
  const at = (latitude: number, longitude: number) => reverseQuestion(parseReverseRequest({ latitude, longitude }));
  assert.equal(at(41.311081, 69.240562), at(41.3110809, 69.2405624));
  assert.notEqual(at(41.31108, 69.24056), at(41.3111, 69.24056));
  assert.equal(at(0.0000001, 0), at(-0.0000001, -0));
  assert.equal(at(10, 180), at(10, -180));
});

test('a distance there is not the distance back, and walking is not driving', () => {
  const [a, b] = [
    { latitude: 1, longitude: 2 },
    { latitude: 3, longitude: 4 },
  ];
  assert.notEqual(distanceQuestion(a, b, 'driving'), distanceQuestion(b, a, 'driving'));
  assert.notEqual(distanceQuestion(a, b, 'driving'), distanceQuestion(a, b, 'walking'));
});

test('rounding keeps points on the globe', () => {
  assert.deepEqual(roundedPoint({ latitude: 89.9999999, longitude: -179.99999999 }, distanceDecimals), {
    latitude: 90,
    longitude: 180,
  });
});
