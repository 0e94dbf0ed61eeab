/** Selects the answers that an invalidation matches. */
import type { CachedAnswer, CacheQuestion } from './cached-answer.ts';

/** All given members must match. Without any: every answer of the tenant. */
export interface CacheSelector {
  readonly cacheKey?: string;
  readonly serviceName?: string;
  readonly operation?: string;
  /** `*` matches any characters, in `<service name or group>:<operation>:<hash>`. */
  readonly pattern?: string;
  /** `spreadsheet:<id>` … */
  readonly scope?: string;
  /** … and within it only answers that overlap one of these; the owner of the scope defines overlap. */
  readonly details?: readonly string[];
}

/** Whether a stored detail and an invalidated one overlap, by the word before the scope's colon. */
export type OverlapByScopeKind = Readonly<Record<string, (stored: string, invalidated: string) => boolean>>;

type Selectable = CacheQuestion & { readonly cacheKey: string; readonly serviceName: string | null };

/** `serviceName: null` is an answer in progress, which any service may give: it matches every service name. */
export function createMatcher(overlaps: OverlapByScopeKind) {
  return (selector: CacheSelector): ((answer: Selectable | CachedAnswer) => boolean) => {
    const pattern = selector.pattern === undefined ? null : patternOf(selector.pattern);
    return (answer) =>
      (selector.cacheKey === undefined || selector.cacheKey === answer.cacheKey) &&
      (selector.serviceName === undefined ||
        answer.serviceName === null ||
        selector.serviceName === answer.serviceName) &&
      (selector.operation === undefined || selector.operation === answer.operation) &&
      (pattern === null || matchesPattern(pattern, answer)) &&
      (selector.scope === undefined || (selector.scope === answer.scope && touches(overlaps, selector, answer)));
  };
}

function touches(overlaps: OverlapByScopeKind, selector: CacheSelector, answer: Selectable): boolean {
  const { details } = selector;
  const { detail } = answer;
  if (details === undefined || detail === null) return true;
  const overlap = overlaps[(selector.scope as string).split(':', 1)[0] as string];
  return overlap === undefined || details.some((invalidated) => overlap(detail, invalidated));
}

function patternOf(pattern: string): readonly string[] {
  return pattern.split('*');
}

function matchesPattern(parts: readonly string[], answer: Selectable): boolean {
  if (matchesParts(parts, answer.cacheKey) || answer.serviceName === null) return true;
  return matchesParts(parts, `${answer.serviceName}${answer.cacheKey.slice(answer.group.length)}`);
}

/** Linear in the text for each part: a caller's pattern must not cause backtracking in a regular expression. */
function matchesParts(parts: readonly string[], text: string): boolean {
  const first = parts[0] as string;
  const last = parts.at(-1) as string;
  if (parts.length === 1) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
