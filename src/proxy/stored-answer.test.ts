import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readStoredForm, readStoredHead, storedForm, withHead } from './stored-answer.ts';

const odd = { shareable: 'true', text: '","shareable":true,"text":"', date: 'now', 'x-own': '"shareable":false' };

test('a head is read and replaced without its content, whatever either says', () => {
  for (const body of [Buffer.from('"shareable":true,"text":"x"'), Buffer.from([0xff, 0x00, 0x22]), Buffer.alloc(0)]) {
    const bytes = Buffer.from(JSON.stringify(storedForm({ status: 200, headers: odd }, body, false)));
    const { date: _ours, ...headers } = odd;
    assert.deepEqual(readStoredHead(bytes), { status: 200, headers, shareable: false });
    const replaced = withHead(bytes, { status: 203, headers: { etag: '"2"' } }, true);
    assert.deepEqual(readStoredForm(replaced), { status: 203, headers: { etag: '"2"' }, shareable: true, body });
    assert.deepEqual(withHead(bytes, { status: 200, headers: odd }, false), bytes, 'the same head changes nothing');
  }
});
