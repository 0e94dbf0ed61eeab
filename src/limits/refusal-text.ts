/** The texts about a call that a limit refused. `explain-refusal.ts` parses the one in the audit log. */
import type { LimitShare, LimitState, ShareReason, WindowType } from './limits.ts';

/** Why a replica may spend only its share, in words. */
export const shareReasonTexts = {
  redis_away: 'Redis does not answer',
  redis_returning: 'Redis was away a moment ago',
} as const satisfies Record<ShareReason, string>;

/** Renders the audit log's text. */
export function describeRefusal(state: Pick<LimitState, 'maxRequests' | 'windowType' | 'share' | 'isPause'>): string {
  const { maxRequests, windowType, isPause } = state;
  return isPause === true
    ? 'the provider asked for a pause'
    : describeSpent(`the limit of ${maxRequests} a ${windowType}`, state);
}

/** Renders that a limit or a share is spent. `limit` is its name in the sentence, such as `its limit`. */
export function describeSpent(limit: string, { share }: Pick<LimitState, 'share'>): string {
  if (share === undefined) return `${limit} is spent`;
  return `this replica’s share of ${share.maxRequests} of ${limit} is spent, because ${describeShareReason(share)}`;
}

/**
 * Why a budget refuses an attempt. `share_spent`: only this replica's share of it, while Redis is away. `unknown`:
 * neither Redis nor the database tells what is spent.
 */
export type BudgetRefusalReason = 'spent' | 'share_spent' | 'unknown';

/** Renders why a budget refuses. `budget` is its name in the sentence, such as `its budget`. */
export function describeBudgetRefusal(budget: string, reason: BudgetRefusalReason): string {
  switch (reason) {
    case 'spent':
      return `${budget} is spent`;
    case 'share_spent':
      return `this replica’s share of ${budget} is spent, because ${shareReasonTexts.redis_away}`;
    case 'unknown':
      return `what is left of ${budget} is not known at the moment`;
  }
}

/** The budget's name in the audit log's text. */
const auditedBudget = 'the budget of this month';

/** Renders the audit log's text about a budget. */
export function describeAuditedBudget(reason: BudgetRefusalReason): string {
  return describeBudgetRefusal(auditedBudget, reason);
}

/** Whether the audit log's text says that the whole budget was spent. */
export function isWholeBudgetSpent(text: string): boolean {
  return text === describeAuditedBudget('spent');
}

/** Why a replica may spend only its share. */
export function describeShareReason({ because }: Pick<LimitShare, 'because'>): string {
  return shareReasonTexts[because];
}

/** Makes a sentence for callers: capital letter and full stop. */
export function sentenceOf(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

export interface ReadRefusal {
  readonly maxRequests: number;
  readonly windowType: WindowType;
  /** null if the whole limit was spent. */
  readonly share: Pick<LimitShare, 'maxRequests' | 'because'> | null;
}

const refusalForm = new RegExp(
  '^(?:this replica’s share of (?<share>\\d{1,15}) of )?the limit of (?<most>\\d{1,15}) a ' +
    `(?<window>minute|hour|day|month) is spent(?:, because (?<reason>${Object.values(shareReasonTexts).join('|')}))?$`,
);

/** Parses the audit log's text; null if it is about a pause or a budget. */
export function readRefusal(text: string): ReadRefusal | null {
  const { most, window, share, reason } = refusalForm.exec(text)?.groups ?? {};
  if (most === undefined) return null;
  const because = reason === shareReasonTexts.redis_returning ? 'redis_returning' : 'redis_away';
  return {
    maxRequests: Number(most),
    windowType: window as WindowType,
    share: share === undefined ? null : { maxRequests: Number(share), because },
  };
}
