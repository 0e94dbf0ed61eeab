/** Further targets as their form holds them: only texts, so that typed text stays unchanged. */

export type ConditionKind = 'equals' | 'in' | 'exists' | 'absent';

export interface ConditionDraft {
  readonly path: string;
  readonly kind: ConditionKind;
  /** JSON, or plain text. For `in`: a JSON array, or values separated by commas. */
  readonly value: string;
}

export interface TargetDraft {
  /** Used only by the form: follows the target when it is moved. */
  readonly key: string;
  readonly id: string | null;
  readonly url: string;
  readonly event_types: string;
  readonly conditions: readonly ConditionDraft[];
  /** `Name: value`, one per line. */
  readonly headers: string;
  readonly timeout_seconds: string;
  readonly max_attempts: string;
  readonly ordered: boolean;
  readonly paused: boolean;
}

export const mostTargets = 10;
export const mostConditions = 20;

type Plain = Readonly<Record<string, unknown>>;

let made = 0;

export function emptyTarget(): TargetDraft {
  made += 1;
  return {
    key: `new-${made}`,
    id: null,
    url: '',
    event_types: '*',
    conditions: [],
    headers: '',
    timeout_seconds: '',
    max_attempts: '',
    ordered: false,
    paused: false,
  };
}

export function targetDraftsOf(targets: readonly Plain[]): readonly TargetDraft[] {
  return targets.map((target) => ({
    key: String(target.id),
    id: String(target.id),
    url: String(target.url),
    event_types: (target.event_types as readonly string[]).join(', '),
    conditions: (target.conditions as readonly Plain[]).flatMap(conditionDraftsOf),
    headers: Object.entries(target.headers as Record<string, string>)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
    timeout_seconds: textOf(target.timeout_seconds),
    max_attempts: textOf(target.max_attempts),
    ordered: target.ordered === true,
    paused: target.paused === true,
  }));
}

/** A condition with several tests becomes several with the same path, all of which must match. */
function conditionDraftsOf(condition: Plain): readonly ConditionDraft[] {
  const path = String(condition.path);
  const drafts: ConditionDraft[] = [];
  if (condition.exists !== undefined) drafts.push({ path, kind: condition.exists ? 'exists' : 'absent', value: '' });
  if (condition.equals !== undefined) drafts.push({ path, kind: 'equals', value: scalarText(condition.equals) });
  if (condition.in !== undefined) {
    const texts = (condition.in as readonly unknown[]).map(scalarText);
    const isPlain = texts.every((text) => !text.includes(',') && !text.startsWith('['));
    drafts.push({ path, kind: 'in', value: isPlain ? texts.join(', ') : JSON.stringify(condition.in) });
  }
  return drafts;
}

/** In the format of `PATCH` and `POST /webhooks`. */
export function sentTargets(drafts: readonly TargetDraft[]): readonly Plain[] {
  return drafts.map((draft) => ({
    ...(draft.id === null ? {} : { id: draft.id }),
    url: draft.url.trim(),
    event_types: listOf(draft.event_types),
    ...(draft.conditions.length === 0 && draft.id === null ? {} : { conditions: draft.conditions.map(sentCondition) }),
    ...(draft.headers.trim() === '' && draft.id === null ? {} : { headers: headersOf(draft.headers) }),
    ...(draft.timeout_seconds === '' ? {} : { timeout_seconds: numberOf(draft.timeout_seconds) }),
    ...(draft.max_attempts === '' ? {} : { max_attempts: numberOf(draft.max_attempts) }),
    ordered: draft.ordered,
    paused: draft.paused,
  }));
}

function sentCondition({ path, kind, value }: ConditionDraft): Plain {
  const at = path.trim();
  if (kind === 'exists' || kind === 'absent') return { path: at, exists: kind === 'exists' };
  return kind === 'equals' ? { path: at, equals: scalarOf(value) } : { path: at, in: scalarsOf(value) };
}

function scalarsOf(text: string): readonly unknown[] {
  const whole = parsed(text);
  if (Array.isArray(whole)) return whole;
  return listOf(text).map(scalarOf);
}

/** `5`, `true` and `null` are taken literally; anything else is text, also `"5"` in quotes. */
function scalarOf(text: string): unknown {
  const value = parsed(text);
  return value === undefined || (typeof value === 'object' && value !== null) ? text.trim() : value;
}

function scalarText(value: unknown): string {
  return typeof value === 'string' && scalarOf(value) === value ? value : JSON.stringify(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A line without a colon is sent as a name only, so that the service reports what is wrong. */
export function headersOf(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [line.trim(), ''] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

export function listOf(text: string): readonly string[] {
  return text
    .split(/[,\n]/)
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** A text that is not a number is sent unchanged, so that the service reports what is wrong. */
export function numberOf(text: string): number | string {
  return Number.isNaN(Number(text)) ? text : Number(text);
}

function textOf(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}
