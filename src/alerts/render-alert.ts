/** Renders one message for all problems that began and ended: plain text for a chat, JSON for a webhook. */
import type { Problem } from '../health/problem.ts';
import type { ProblemMark } from './plan-alerts.ts';

export type AlertLanguage = 'en' | 'ru' | 'both';

export interface Alert {
  readonly begun: readonly ProblemMark[];
  readonly ended: readonly ProblemMark[];
}

/** UTF-16 units. https://core.telegram.org/bots/api#sendmessage: 1–4096 characters. */
const maxTextChars = 4_096;
const maxLineChars = 400;
const maxListed = 100;

const words = {
  en: {
    title: (begun: number, ended: number) => `Integration Service: problems begun ${begun}, ended ${ended}`,
    critical: 'CRITICAL',
    warning: 'WARNING',
    over: (minutes: number) => `OVER after ${minutes} min`,
    more: (count: number) => `and ${count} more`,
    messageOf: ({ message }: Problem) => message,
  },
  ru: {
    title: (begun: number, ended: number) => `Интеграционный сервис: новых проблем ${begun}, завершилось ${ended}`,
    critical: 'КРИТИЧНО',
    warning: 'ВНИМАНИЕ',
    over: (minutes: number) => `ПРОШЛО, длилось ${minutes} мин`,
    more: (count: number) => `и ещё ${count}`,
    messageOf: ({ message_ru }: Problem) => message_ru,
  },
} as const;

/**
 * Renders the text of a chat message; with both languages, Russian comes first. Names and errors are untrusted: each
 * stays on its own line.
 */
export function renderAlertText(alert: Alert, language: AlertLanguage, publicBaseUrl: string): string {
  const languages = language === 'both' ? (['ru', 'en'] as const) : [language];
  const room = Math.floor((maxTextChars - 2) / languages.length);
  return languages.map((one) => renderIn(one, alert, publicBaseUrl, room)).join('\n\n');
}

function renderIn(language: 'en' | 'ru', { begun, ended }: Alert, publicBaseUrl: string, room: number): string {
  const phrases = words[language];
  const entryOf = (mark: ProblemMark, label: string): string => {
    const owner = mark.tenant === '' ? '' : `${mark.tenant}: `;
    const sentence = cut(onOneLine(`${label} ${owner}${phrases.messageOf(mark.problem)}`), maxLineChars);
    return `${sentence}\n${publicBaseUrl}${mark.problem.link}`;
  };
  const entries = [
    ...begun.map((mark) => entryOf(mark, phrases[mark.problem.severity])),
    ...ended.map((mark) => entryOf(mark, phrases.over(minutesOf(mark)))),
  ];
  const title = phrases.title(begun.length, ended.length);
  const rest = (count: number): string => `\n${phrases.more(count)}: ${publicBaseUrl}/console`;
  let text = title;
  for (const [index, entry] of entries.entries()) {
    const left = entries.length - index - 1;
    const next = `${text}\n${entry}`;
    if (next.length + (left === 0 ? 0 : rest(left).length) > room) return cut(text + rest(left + 1), room);
    text = next;
  }
  return text;
}

/** The webhook's body; problems beyond the listed ones appear only in the counts. */
export function renderAlertJson(id: string, { begun, ended }: Alert, publicBaseUrl: string, nowMs: number): string {
  const listed = ({ tenant, problem, begunAt, missingSince }: ProblemMark) => ({
    ...problem,
    management_company_id: tenant === '' ? null : tenant,
    link: publicBaseUrl + problem.link,
    begun_at: begunAt.toISOString(),
    ended_at: missingSince?.toISOString() ?? null,
  });
  return JSON.stringify({
    id,
    type: 'integration.problems.changed',
    at: new Date(nowMs).toISOString(),
    begun_count: begun.length,
    ended_count: ended.length,
    begun: begun.slice(0, maxListed).map(listed),
    ended: ended.slice(0, maxListed).map(listed),
  });
}

function minutesOf({ begunAt, missingSince }: ProblemMark): number {
  const endMs = (missingSince ?? begunAt).getTime();
  return Math.max(1, Math.round((endMs - begunAt.getTime()) / 60_000));
}

/** Removes line breaks, control characters and marks that change the writing direction. */
function onOneLine(text: string): string {
  return text.toWellFormed().replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** Never cuts a surrogate pair. */
function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  return `${text.slice(0, maxChars - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
