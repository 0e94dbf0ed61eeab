/** The audit log's text for a call that a limit refused. The call writes it, and `explain-refusal.ts` parses it. */
import type { LimitState, WindowType } from './limits.ts';

/** Renders the text. A limit of 0 means a provider without a limit that asked for a pause. */
export function describeRefusal({ maxRequests, windowType }: Pick<LimitState, 'maxRequests' | 'windowType'>): string {
  return maxRequests === 0 ? 'the provider asked for a pause' : `the limit of ${maxRequests} a ${windowType} is spent`;
}

/** Parses the text; null if it is about a pause or a budget. */
export function readRefusal(text: string): { readonly maxRequests: number; readonly windowType: WindowType } | null {
  const match = /^the limit of (\d{1,15}) a (minute|hour|day|month) is spent$/.exec(text);
  return match === null ? null : { maxRequests: Number(match[1]), windowType: match[2] as WindowType };
}
