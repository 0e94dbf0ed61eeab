/** Every message in both languages: the same placeholders, and every plural form of its language. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

type Message = readonly [string | Record<string, string>, string | Record<string, string>];

const forms = { english: ['one', 'other'], russian: ['one', 'few', 'many', 'other'] } as const;
const files = globSync('src/**/*messages.ts', { cwd: import.meta.dirname }).filter((path) => !path.includes('i18n'));

test('each message has the same placeholders in English and Russian', async () => {
  assert.ok(files.length >= 12, files.join());
  let count = 0;
  for (const file of files) {
    const module = (await import(join(import.meta.dirname, file))) as Record<string, Record<string, Message>>;
    for (const messages of Object.values(module)) {
      for (const [name, [english, russian]] of Object.entries(messages)) {
        count += 1;
        const where = `${file}: ${name}`;
        assert.equal(typeof english, typeof russian, where);
        for (const [text, wanted] of [
          [english, forms.english],
          [russian, forms.russian],
        ] as const) {
          if (typeof text === 'string') assert.notEqual(text.trim(), '', where);
          else assert.deepEqual(Object.keys(text), [...wanted], where);
        }
        assert.deepEqual(placesIn(english), placesIn(russian), where);
      }
    }
  }
  assert.ok(count > 400, String(count));
});

/** The placeholders `{name}` in any form of the message. */
function placesIn(text: string | Record<string, string>): string[] {
  const whole = typeof text === 'string' ? text : Object.values(text).join(' ');
  return [...new Set(whole.match(/\{\w+\}/g) ?? [])].sort();
}
