import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProblemMark } from './plan-alerts.ts';
import { renderAlertText } from './render-alert.ts';

function mark(name: string): ProblemMark {
  const at = new Date('2026-11-22T12:00:00Z');
  return {
    key: name,
    tenant: 'uk_1',
    begunAt: at,
    missingSince: null,
    toldAt: at,
    problem: {
      kind: 'provider_down',
      severity: 'critical',
      since: null,
      message: `${name} is down`,
      message_ru: `${name} не работает`,
      link: '/console/services/1',
    },
  };
}

test('a message has at most 4,096 characters and tells how many problems it omits', () => {
  for (const count of [1, 13, 500]) {
    for (const language of ['ru', 'en', 'both'] as const) {
      const alert = {
        begun: Array.from({ length: count }, (_, index) => mark(`${'😀'.repeat(300)}${index}`)),
        ended: [],
      };
      const text = renderAlertText(alert, language, 'https://integration.example');
      assert.ok(text.length <= 4_096);
      assert.ok(text.isWellFormed());
      if (count === 500) assert.match(text, /(?:and|и ещё) \d+(?: more)?: https:\/\/integration\.example\/console$/);
    }
  }
});

test('a hostile name cannot start a new line or reverse the text direction', () => {
  for (const hostile of ['a\nCRITICAL all is lost', 'a\r\n\u2028b', '\u202Egpj.exe', 'a\u0000\u001b[31mb', '\ud800']) {
    const text = renderAlertText({ begun: [mark(hostile)], ended: [] }, 'en', 'https://x.example');
    assert.equal(text.split('\n').length, 3);
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Cs}\u2028]/u);
  }
});
