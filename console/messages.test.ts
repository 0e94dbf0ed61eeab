/** Every message in both languages: the same placeholders, and every plural form of its language. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { skippedStep } from '../src/audit/call-steps-schema.ts';
import { errorCodes } from '../src/errors.ts';
import { transportFaults } from '../src/outbound/exchange.ts';
import { refusalReasons } from '../src/webhooks/receiving/refusal.ts';
import { waterfallMessages } from './src/pages/calls/waterfall-messages.ts';
import { webhooksMessages } from './src/pages/webhooks/messages.ts';
import { refusalTexts } from './src/pages/webhooks/refusal-texts.ts';
import { callFaultMessages, problemMessages } from './src/parts/server-messages.ts';

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

const cyrillic = /[а-яё]/i;

test('every code of the service that a page may show has a Russian text', async () => {
  const inRussian = (messages: Record<string, Message>, name: string, where: string): void => {
    const russian = messages[name]?.[1];
    assert.ok(typeof russian === 'string' && cyrillic.test(russian), `${where}: ${name} has no Russian text`);
  };
  for (const code of errorCodes) inRussian(problemMessages, code, 'the code of an error');
  for (const fault of transportFaults) inRussian(waterfallMessages, `fault_${fault}`, 'the fault of a request');
  for (const reason of choicesOf(skippedStep.properties.reason))
    inRussian(waterfallMessages, reason, 'a skipped provider');
  for (const reason of refusalReasons) {
    inRussian(webhooksMessages, refusalTexts[reason] ?? '', `a delivery refused as ${reason}`);
  }
  const logged = await errorCodesOfLogs();
  assert.ok(logged.size > 12, [...logged].join());
  for (const code of logged) inRussian(callFaultMessages, code, 'the error_code of a log entry');
});

/** Of a schema for one of several texts. */
function choicesOf(schema: unknown): readonly string[] {
  return (schema as { anyOf: readonly { const: string }[] }).anyOf.map((one) => one.const);
}

/** As they stand in the code that writes log entries. */
async function errorCodesOfLogs(): Promise<ReadonlySet<string>> {
  const root = join(import.meta.dirname, '..');
  const codes = new Set<string>();
  for (const file of globSync('src/{gateway,proxy,health,audit}/**/*.ts', { cwd: root })) {
    if (file.endsWith('.test.ts')) continue;
    const source = await readFile(join(root, file), 'utf8');
    for (const [, code = ''] of source.matchAll(/errorCode: '([A-Z_]+)'/g)) codes.add(code);
  }
  const written = await readFile(join(root, 'src/gateway/record-asked.ts'), 'utf8');
  const [, byFault = ''] = /return \{([^}]+)\}\[\s*outcome\.fault/.exec(written) ?? [];
  for (const [, code = ''] of byFault.matchAll(/'([A-Z_]+)'/g)) codes.add(code);
  const outcomes = await readFile(join(root, 'src/gateway/outcome.ts'), 'utf8');
  for (const [, kind = ''] of outcomes.matchAll(/readonly kind: '(\w+)'/g)) codes.add(kind.toUpperCase());
  const verdicts = await readFile(join(root, 'src/providers/provider.ts'), 'utf8');
  const [, union = ''] = /export type Verdict<Value> =([\s\S]+?);\n\n/.exec(verdicts) ?? [];
  for (const [, kind = ''] of union.matchAll(/readonly kind: '(\w+)'/g)) {
    if (kind !== 'ok') codes.add(kind.toUpperCase());
  }
  return codes;
}

/** The placeholders `{name}` in any form of the message. */
function placesIn(text: string | Record<string, string>): string[] {
  const whole = typeof text === 'string' ? text : Object.values(text).join(' ');
  return [...new Set(whole.match(/\{\w+\}/g) ?? [])].sort();
}
