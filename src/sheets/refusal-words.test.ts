import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceError } from '../errors.ts';
import { parseA1 } from './a1.ts';
import { namingAsked, withoutPlace } from './refusal-words.ts';

const refusal = (message: string) => new ServiceError('INVALID_REQUEST', message, { provider: 'google_sheets' });

test('a refusal does not name the place in a batch that its caller knows nothing of', () => {
  const told = withoutPlace(refusal('Invalid data[3]: Unable to parse range: NOPE!A1'));
  assert.deepEqual([told.publicMessage, told.provider], ['Unable to parse range: NOPE!A1', 'google_sheets']);
  const other = refusal("'valueInputOption' is required but not specified");
  assert.equal(withoutPlace(other), other);
});

test('a refusal names the range that was asked for', () => {
  const told = namingAsked(
    refusal('Range (Sheet1!A5000:A) exceeds grid limits. Max rows: 1000, max columns: 26'),
    parseA1("'Sheet1'!A5000"),
  );
  assert.equal(told.publicMessage, 'Range (Sheet1!A5000) exceeds grid limits. Max rows: 1000, max columns: 26');
});

test('a sheet that is not there is called by its name', () => {
  const told = namingAsked(refusal('Unable to parse range: NOPE!A:C'), parseA1('NOPE!A1:C1'));
  assert.equal(told.publicMessage, 'The spreadsheet has no sheet "NOPE". Unable to parse range: NOPE!A1:C1');
});
